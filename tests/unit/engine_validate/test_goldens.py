"""The first finding of every document is what upstream says about it."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

from argotui.engine.validate import validate
from argotui.model.manifest import check
from tests.tables import every_row
from tests.unit.engine.rows import row_id

GOLDENS = Path(__file__).parents[2] / "goldens" / "validate.jsonl"
ROWS = [json.loads(line) for line in GOLDENS.read_text("utf8").splitlines()]
SEMANTIC = [row for row in ROWS if row.get("stage") != "decode"]
DECODED = [row for row in ROWS if row.get("stage") == "decode"]
"""Unknown fields and wrong types: told by the manifest models, with the place and in other words than Go's decoder."""
FIELD = re.compile(r'unknown field "(?P<unknown>\w+)"|Go struct field \w+\.(?P<typed>[\w.]+) of|(?P<text>expected .*)')


class Templates:
    """The objects of a row."""

    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self.objects = {(o["kind"], o["metadata"]["name"]): o for o in objects}

    def workflow_template(self, namespace: str, name: str) -> dict[str, Any] | None:
        return self.objects.get(("WorkflowTemplate", name))

    def cluster_workflow_template(self, name: str) -> dict[str, Any] | None:
        return self.objects.get(("ClusterWorkflowTemplate", name))


def first(row: dict[str, Any]) -> str:
    options = row.get("opts") or {}
    found = validate(
        row["manifest"],
        Templates(row.get("templates") or []),
        lint=options.get("Lint", False),
        submit=options.get("Submit", False),
        ignore_entrypoint=options.get("IgnoreEntrypoint", False),
    )
    return re.sub(r"placeholder-[\w.]+", "placeholder-N", found[0].message) if found else "OK"


@every_row(SEMANTIC, row_id)
def test_first_finding(row: dict[str, Any]) -> None:
    before = copy.deepcopy(row)
    assert first(row) == row.get("error", row.get("value"))
    assert row == before, "the document is never changed"


@every_row(DECODED, row_id)
def test_what_cannot_be_decoded_is_refused_at_the_same_field(row: dict[str, Any]) -> None:
    [fault] = check(row["manifest"], "f")
    named = FIELD.search(row["error"])
    assert named, row["error"]
    path = re.sub(r"\[\d+\]", "", fault.path)
    if named["unknown"]:
        assert (path.rpartition(".")[2], fault.message) == (named["unknown"], "unknown field")
    elif named["typed"]:
        assert path.startswith(named["typed"])
        assert fault.message.startswith("must be")
    else:
        assert fault.message == named["text"]


def test_no_row_is_left_out() -> None:
    assert len(SEMANTIC) + len(DECODED) == len(ROWS) == 591
