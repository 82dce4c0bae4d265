"""Keeping a retried pod away from the hosts on which earlier attempts failed (§2.11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from argotui.model.documents import Document, clone

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def avoiding(affinity: Document | None, label: str, hosts: Sequence[str]) -> Document:
    """The affinity with `label NotIn hosts`: in an expression that says so already, else in the first term."""
    result: Document = clone(affinity or {})
    node: Document = result.setdefault("nodeAffinity", {})
    terms: list[Document] = node.setdefault(_REQUIRED, {}).setdefault("nodeSelectorTerms", [])
    expression = _expression(terms, label)
    if expression is not None:
        expression["values"] = list(dict.fromkeys([*(expression.get("values") or ()), *hosts]))
        return result
    new = {"key": label, "operator": "NotIn", "values": list(hosts)}
    if terms:
        terms[0]["matchExpressions"] = [*(terms[0].get("matchExpressions") or ()), new]
    else:
        terms.append({"matchExpressions": [new]})
    return result


def _expression(terms: list[Document], label: str) -> Any:
    for term in terms:
        for expression in term.get("matchExpressions") or ():
            if expression.get("key") == label and expression.get("operator") == "NotIn":
                return expression
    return None
