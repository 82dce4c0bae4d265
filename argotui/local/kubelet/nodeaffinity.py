"""Node affinity on a cluster that has one node."""

from __future__ import annotations

from collections.abc import Mapping

from argotui.model.documents import Document, dig

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_HOST = "kubernetes.io/hostname"


def fits(pod: Document, labels: Mapping[str, str]) -> bool:
    """Whether the only node fulfils what the pod requires of nodes: one of its terms.

    That a pod wants to be anywhere but on this host is passed over: retries ask for that (`nodeAntiAffinity`), and
    where there is no other host they would wait for ever.
    """
    terms = dig(pod, "spec", "affinity", "nodeAffinity", _REQUIRED, "nodeSelectorTerms")
    if not terms:
        return True
    return any(_fulfils(term, labels) for term in terms)


def _fulfils(term: Document, labels: Mapping[str, str]) -> bool:
    """A term without any requirement selects nothing."""
    expressions = term.get("matchExpressions") or []
    fields = term.get("matchFields") or []
    if not expressions and not fields:
        return False
    named = {"metadata.name": labels.get(_HOST, "")}
    return all(_holds(one, labels) for one in expressions) and all(_holds(one, named) for one in fields)


def _holds(expression: Document, labels: Mapping[str, str]) -> bool:
    key, values = str(expression.get("key") or ""), [str(value) for value in expression.get("values") or ()]
    found = labels.get(key)
    match expression.get("operator"):
        case "In":
            return found in values
        case "NotIn":
            return found not in values or key == _HOST
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case "Gt" | "Lt" as operator:
            return _compares(found, operator, values)
    return False


def _compares(found: str | None, operator: str, values: list[str]) -> bool:
    try:
        left, right = int(found or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return left > right if operator == "Gt" else left < right
