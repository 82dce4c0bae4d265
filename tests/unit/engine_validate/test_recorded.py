"""Documents of the recorded runs: refused with upstream's text where upstream refused them, else accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from argotui.engine.validate import validate
from tests.tables import every_row

from .test_goldens import Templates

CASES = Path(__file__).parents[2] / "conformance" / "cases"
NAMES = sorted(path.name for path in CASES.iterdir())
NOT_BY_VALIDATION = {
    "invalid-two-types": "the API server's schema refuses it before",
    "wftmpl-ref-missing": "ends as Error: the template is missed while the specs are joined",
}


def documents(case: str, file: str) -> list[dict[str, Any]]:
    path = CASES / case / file
    return [d for d in yaml.safe_load_all(path.read_text("utf8")) if d] if path.exists() else []


@every_row([name for name in NAMES if name not in NOT_BY_VALIDATION], str)
def test_verdict(case: str) -> None:
    message = (json.loads((CASES / case / "expected.json").read_text("utf8")).get("workflow") or {}).get(
        "message"
    ) or ""
    expected = message.removeprefix("invalid spec: ") if message.startswith("invalid spec: ") else None
    objects = [*documents(case, "objects.yaml"), *documents(case, "workflow.yaml")]
    for document in documents(case, "workflow.yaml"):
        found = validate(document, Templates(objects))
        assert (found[0].message if found else None) == expected


def test_two_types_are_found_as_well() -> None:
    found = validate(documents("invalid-two-types", "workflow.yaml")[0])
    assert found[0].path.startswith("spec.templates[")
    assert "multiple template types specified" in found[0].reason


def test_enough_was_recorded() -> None:
    assert len([name for name in NAMES if name.startswith("invalid-")]) >= 13
