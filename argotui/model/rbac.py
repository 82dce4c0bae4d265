"""The rules of Roles and ClusterRoles: what they allow, and which rights one set of rules has over another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from argotui.model.documents import Document

ANY = "*"
_REMEMBERED = 4096


class Right(NamedTuple):
    """One thing that is done to one kind: `("get", "", "pods/log")`. `name` empty: whichever object."""

    verb: str
    group: str
    resource: str
    name: str = ""

    @property
    def kind(self) -> str:
        """`workflows.argoproj.io`, `pods/log`."""
        resource, slash, part = self.resource.partition("/")
        return (f"{resource}.{self.group}" if self.group else resource) + slash + part


@dataclass(frozen=True, slots=True)
class Rule:
    """One PolicyRule. Empty `names` allow every object; `urls` are paths that are no objects."""

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Rule:
        """From a PolicyRule, a ResourceRule or a NonResourceRule."""
        keys = ("verbs", "apiGroups", "resources", "resourceNames", "nonResourceURLs")
        return cls(*(tuple(map(str, document.get(key) or ())) for key in keys))

    def document(self) -> Document:
        """The PolicyRule."""
        pairs = {
            "verbs": self.verbs, "apiGroups": self.groups, "resources": self.resources,
            "resourceNames": self.names, "nonResourceURLs": self.urls,
        }  # fmt: skip
        return {key: list(values) for key, values in pairs.items() if values}

    def covers_kind(self, verb: str, group: str, resource: str) -> bool:
        """Whether the rule speaks of that verb on that kind, for some objects at least."""
        return _has(self.verbs, verb) and _has(self.groups, group) and self._names_resource(resource)

    def _names_resource(self, resource: str) -> bool:
        if ANY in self.resources or resource in self.resources:
            return True
        _, slash, part = resource.partition("/")
        return bool(slash) and f"*/{part}" in self.resources

    def allows_url(self, verb: str, path: str) -> bool:
        """Whether a request for a path that is no object is allowed."""
        return _has(self.verbs, verb) and any(_url_matches(url, path) for url in self.urls)

    def singles(self) -> Iterator[Rule]:
        """The same rights as rules of one group, resource, verb and name each."""
        for group in self.groups:
            for resource in self.resources:
                for verb in self.verbs:
                    for name in self.names or ("",):
                        yield Rule((verb,), (group,), (resource,), (name,) if name else ())
        for url in self.urls:
            for verb in self.verbs:
                yield Rule((verb,), urls=(url,))

    def covers(self, single: Rule) -> bool:
        """Whether every right of a rule that `singles` gave is among those of this one."""
        if not _has(self.verbs, single.verbs[0]):
            return False
        if single.urls:
            return any(_url_matches(url, single.urls[0]) for url in self.urls)
        kinds = _has(self.groups, single.groups[0]) and self._names_resource(single.resources[0])
        return kinds and (not self.names or (bool(single.names) and single.names[0] in self.names))

    def __str__(self) -> str:
        parts = (
            ("APIGroups", self.groups), ("Resources", self.resources), ("NonResourceURLs", self.urls),
            ("ResourceNames", self.names), ("Verbs", self.verbs),
        )  # fmt: skip
        return "{" + ", ".join(f"{word}:{quoted(values)}" for word, values in parts if values) + "}"


def quoted(values: Iterable[str]) -> str:
    """A list of strings as Go prints it with %q."""
    return "[" + " ".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values) + "]"


def _has(values: tuple[str, ...], wanted: str) -> bool:
    return ANY in values or wanted in values


def _url_matches(pattern: str, path: str) -> bool:
    return pattern in (ANY, path) or (pattern.endswith(ANY) and path.startswith(pattern[:-1]))


class Rules:
    """All rules that hold for somebody in one place. Answers are remembered: there are few different questions."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._known: dict[tuple[str, str, str], frozenset[str] | None] = {}

    def allow(self, right: Right) -> bool:
        """Whether the right is there; for a right without a name: for all objects of the kind."""
        names = self._names(right.verb, right.group, right.resource)
        return names is not None and (not names or right.name in names)

    def allow_some(self, right: Right) -> bool:
        """Whether the right is there for one object at least."""
        return self._names(right.verb, right.group, right.resource) is not None

    def _names(self, verb: str, group: str, resource: str) -> frozenset[str] | None:
        """The objects that are allowed: None for no object, an empty set for all of them."""
        key = (verb, group, resource)
        try:
            return self._known[key]
        except KeyError:
            pass
        matching = [rule.names for rule in self.rules if rule.covers_kind(*key)]
        found: frozenset[str] | None = None
        if matching:
            found = frozenset() if () in matching else frozenset(name for names in matching for name in names)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = found
        return found

    def allow_url(self, verb: str, path: str) -> bool:
        """Whether a request for a path that is no object is allowed."""
        return any(rule.allows_url(verb, path) for rule in self.rules)

    def lacking(self, wanted: Iterable[Rule]) -> list[Rule]:
        """The rights of `wanted` that are not here, those of one kind and name together."""
        missing: dict[tuple[object, ...], list[str]] = {}
        for rule in wanted:
            for single in rule.singles():
                if not any(own.covers(single) for own in self.rules):
                    place = (single.groups, single.resources, single.names, single.urls)
                    # paths are not put together, as upstream does not
                    verbs = missing.setdefault((*place, single.verbs) if single.urls else place, [])
                    if single.verbs[0] not in verbs:
                        verbs.append(single.verbs[0])
        return [Rule(tuple(verbs), *place[:4]) for place, verbs in missing.items()]  # type: ignore[arg-type]
