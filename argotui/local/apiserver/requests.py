"""What a URL means: which resource, which object, which part of it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from argotui.local.apiserver import status

_MAX_PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Target:
    """`/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE`; parts that are not there are empty."""

    group: str
    version: str
    namespace: str
    plural: str
    name: str
    subresource: str


def split_url(raw: str) -> tuple[str, dict[str, str]]:
    """(path still quoted, query). The first of repeated parameters counts, as in Kubernetes.

    Raises StatusError 400 for a query that is not UTF-8 or absurd.
    """
    path, mark, text = raw.partition("?")
    if not mark or not text:
        return path, {}
    query: dict[str, str] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
    except ValueError as error:
        raise status.bad_request(f"the query of the URL cannot be read: {error}") from error
    for name, value in pairs:
        query.setdefault(name, value)
    return path, query


def segments(path: str) -> list[str]:
    """The unquoted parts of a path. Raises StatusError 400 when one is not UTF-8 or would climb."""
    parts = path.strip("/").split("/")
    if "%" in path:
        try:
            parts = [unquote(part, errors="strict") for part in parts]
        except UnicodeDecodeError as error:
            raise status.bad_request("the path of the URL is not UTF-8") from error
    return parts


def target_of(parts: list[str]) -> Target | None:
    """The resource that a path names; None when it is not a path of resources."""
    if parts[0] == "api" and len(parts) >= 3:
        return _below("", parts[1], parts[2:])
    if parts[0] == "apis" and len(parts) >= 4:
        return _below(parts[1], parts[2], parts[3:])
    return None


def _below(group: str, version: str, rest: list[str]) -> Target | None:
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
        if not namespace:
            return None
    if len(rest) > 3 or "" in rest[:-1]:
        return None
    plural, name, subresource = [*rest, "", ""][:3]
    return Target(group, version, namespace, plural, name, subresource)


def flag(query: dict[str, str], name: str) -> bool:
    """A boolean parameter: `true`, `1`, or present without a value. Raises StatusError 400 otherwise."""
    value = query.get(name)
    if value is None or value in ("false", "0", "False"):
        return False
    if value in ("", "true", "1", "True"):
        return True
    raise status.bad_request(f"the parameter {name} has to be true or false, not {value[:64]!r}")


def number(query: dict[str, str], name: str) -> int | None:
    """A whole number that is not negative, None when absent. Raises StatusError 400 otherwise."""
    value = query.get(name)
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise status.bad_request(
            f"the parameter {name} has to be a whole number that is not negative, not {value[:64]!r}"
        )
    return int(value)
