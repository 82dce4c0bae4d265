"""Every row of the truth tables is met by some test, or stands here with its reason."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
UNIT = TESTS / "unit"

MET: dict[str, dict[str, tuple[int, str]]] = {
    "cron": {"": (514, "engine_cron/test_grammar.py")},
    "expr": {"": (2566, "engine_expr/test_goldens.py"), "eval_bool": (36, "engine_expr/typed.py")},
    "govaluate": {"": (758, "engine/test_when.py")},
    "jq": {"": (236, "executor/test_jq.py")},
    "jsonpath": {"": (211, "engine/test_kubectlpath.py")},
    "jsonpath_expr": {"": (129, "engine_expr/test_goldens.py")},
    "names": {
        "node_id": (67, "model/test_names.py"),
        "pod_name": (135, "model/test_names.py"),
        "fnv": (7, "model/test_names.py"),
        "item": (52, "model/test_names.py"),
        "display_index": (5, "model/test_names.py"),
        "expand": (84, "engine/test_loops.py"),
        "sequence": (50, "engine/test_loops.py"),
        "aggregate": (13, "engine/test_loops.py"),
        "depends": (367, "engine/test_depends.py"),
        "backoff": (157, "engine/test_retries.py"),
        "retry": (153, "engine/test_retries.py"),
        "backfill_prefix": (3, "engine_cron/test_backfill.py"),
    },
    "quantity_duration": {
        "quantity": (82, "model/test_amounts.py"),
        "quantity_op": (92, "model/test_amounts.py"),
        "go_duration": (41, "model/test_amounts.py"),
        "argo_duration": (51, "model/test_amounts.py"),
        "human_duration": (103, "model/test_amounts.py"),
        "anystring": (20, "model/test_amounts.py"),
    },
    "selectors": {
        "label_selector": (85, "model/test_selectors.py"),
        "field_selector": (36, "model/test_selectors.py"),
        "node_selector": (20, "model/test_selectors.py"),
    },
    "sprig": {"": (609, "engine_expr/test_goldens.py")},
    "strategicpatch": {
        "smp": (148, "model/test_patching.py"),
        "mergepatch": (23, "model/test_patching.py"),
        "mergepatch_create": (12, "model/test_patching.py"),
        "mergepatch_3way": (4, "model/test_patching.py"),
        "podspecpatch": (13, "engine_merge/test_merge.py"),
        "joinspec": (17, "engine_merge/test_merge.py"),
    },
    "template": {
        "replace": (456, "engine/test_template.py"),
        "replace_strict": (196, "engine/test_template.py"),
        "replace_raw": (17, "engine/test_template.py"),
        "resolve_var": (15, "engine/test_template.py"),
        "tags": (8, "engine/test_template.py"),
        "strftime": (46, "engine/test_template.py"),
    },
    "validate": {"": (591, "engine_validate/test_goldens.py")},
}
"""Table and operation: how many rows, and the test that runs them. Single rows that come out otherwise stand
there, with their reasons: a few filters that jq and gojq read differently, and zones whose
clocks change by half an hour."""

NOT_MET = {
    ("strategicpatch", "smp_create"): (8, "nobody meets it: every patch that argotui makes is a merge patch"),
}


def counted(table: str) -> Counter[str]:
    lines = (TESTS / "goldens" / f"{table}.jsonl").read_text("utf8").split("\n")
    return Counter(json.loads(line).get("op", "") for line in lines if line)


@pytest.mark.parametrize("table", sorted(path.stem for path in (TESTS / "goldens").glob("*.jsonl")))
def test_no_row_is_forgotten(table: str) -> None:
    unmet = {operation: count for (name, operation), (count, _) in NOT_MET.items() if name == table}
    assert counted(table) == {operation: count for operation, (count, _) in MET[table].items()} | unmet


@pytest.mark.parametrize("table", MET)
def test_the_test_is_there(table: str) -> None:
    for operation, (_, module) in MET[table].items():
        text = (UNIT / module).read_text("utf8")
        assert table in text
        assert operation in text
