"""`flags` of a resource template: options and arguments of kubectl."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from argotui.executor.resource.api import ResourceError, usage

_SHORT: Final = {"-n": "--namespace", "-l": "--selector", "-o": "--output", "-f": "--filename"}
_TEXTS: Final = ("--namespace", "--selector", "--field-selector", "--grace-period", "--field-manager", "--cascade")
_SWITCHES: Final = {
    "--validate": "true",
    "--ignore-not-found": "false",
    "--all": "false",
    "--wait": "true",
    "--force": "false",
    "--now": "false",
    "--overwrite": "true",
    "--save-config": "false",
}
_CASCADES: Final = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
_VALIDATIONS: Final = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}


@dataclass(frozen=True)
class Options:
    """What the flags say; `arguments` are the words that are no flags: a type and names, or `type/name`."""

    arguments: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The value of an option, "" when it is not given."""
        return self.values.get(name, "")

    def is_on(self, name: str) -> bool:
        """Whether a switch is on."""
        return self.values.get(name, _SWITCHES[name]) == "true"

    @property
    def namespace(self) -> str:
        return self.text("--namespace")

    @property
    def propagation(self) -> str:
        """How dependants of a deleted object are treated. Raises ResourceError."""
        given = self.text("--cascade") or "background"
        found = _CASCADES.get({"true": "background", "false": "orphan"}.get(given, given))
        if found is None:
            raise usage(f'invalid cascade value ({given}). Must be "background", "foreground", or "orphan"')
        return found

    @property
    def validation(self) -> str:
        """What the API server does about unknown fields. Raises ResourceError."""
        given = self.values.get("--validate", "true")
        if given.lower() not in _VALIDATIONS:
            choices = "strict", "warn", "ignore"
            raise usage(f'invalid - validate option {given!r}; must be one of: {", ".join(choices)}, "true", "false"')
        return _VALIDATIONS[given.lower()]

    @property
    def grace_seconds(self) -> int | None:
        """Raises ResourceError."""
        text = "1" if self.is_on("--now") else self.text("--grace-period")
        if not text or text == "-1":
            return 0 if self.is_on("--force") else None
        try:
            return int(text)
        except ValueError:
            raise usage(f'invalid argument "{text}" for "--grace-period" flag') from None


def read_flags(words: Sequence[str]) -> Options:
    """Reads the flags. Raises ResourceError for those that are not known here."""
    arguments: list[str] = []
    values: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            arguments.append(word)
            continue
        name, value = _option(word, rest)
        values[name] = value
    return Options(tuple(arguments), values)


def _option(word: str, rest: Iterator[str]) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not word.startswith("--") and name not in _SHORT:
        name, equals, value = word[:2], "=", word[2:]
    name = _SHORT.get(name, name)
    if name in _SWITCHES:
        return name, value if equals else "true"
    if name not in _TEXTS:
        raise _unknown(name)
    if equals:
        return name, value
    if name == "--cascade":
        return name, "background"
    following = next(rest, None)
    if following is None:
        raise usage(f"flag needs an argument: {name}")
    return name, following


def _unknown(name: str) -> ResourceError:
    return ResourceError(f"resource.flags: {name} is not supported by this version of argotui")
