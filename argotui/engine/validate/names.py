"""Names of templates, steps, tasks, parameters and artifacts (§3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from argotui.engine.validate.finding import Finding, problem
from argotui.model.names import MAX_TEMPLATE_NAME, PARAMETER_NAME, TEMPLATE_NAME

_TEMPLATE_RULE = (
    "name must consist of alpha-numeric characters or '-', and must start with an alpha-numeric character "
    "(e.g. My-name1-2, 123-NAME)"
)
PARAMETER_RULE = (
    "Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' e.g. my_param_1, MY-PARAM-1"
)


def template_name_fault(name: str) -> str:
    """Why a name does not do for a template, step or task; empty when it does."""
    faults = []
    if len(name.encode()) > MAX_TEMPLATE_NAME:
        faults.append(f"must be no more than {MAX_TEMPLATE_NAME} characters")
    if not TEMPLATE_NAME.match(name):
        faults.append(_TEMPLATE_RULE)
    return ";".join(faults)


def parameter_name_fault(name: str) -> str:
    """Why a name does not do for a parameter or artifact; empty when it does."""
    return "" if PARAMETER_NAME.match(name) else PARAMETER_RULE


def check_names(entries: Sequence[Any], path: str, at: str, *, parameters: bool) -> Iterator[Finding]:
    """Every entry has a name of the right form, and no two the same.  `at` is what upstream puts before `[i]`."""
    fault_of = parameter_name_fault if parameters else template_name_fault
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        name = entry.get("name") or ""
        where = f"{path}[{index}].name"
        if not name:
            yield problem(where, "name is required", at=f"{at}[{index}].")
        elif fault := fault_of(name):
            yield problem(where, f"'{name}' is invalid: {fault}", at=f"{at}[{index}].name: ")
        elif name in seen:
            yield problem(
                where, f"name '{name}' is not unique", at=f"{at}[{index}].", suggestion="give each its own name"
            )
        seen.add(name)
