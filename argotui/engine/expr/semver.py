"""Semantic versions and constraints, as the functions `semver` and `semverCompare` understand them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from argotui.engine.expr.errors import Fault
from argotui.engine.expr.gotypes import VERSION, GoType
from argotui.engine.expr.limits import Meter
from argotui.engine.expr.regex.pattern import compile_pattern
from argotui.engine.gotext import quote

_MAX_VERSION: Final = 256
_MAX_CONSTRAINT: Final = 512
_MAX_GROUPS: Final = 32
_UINT64: Final = 2**64

_LOOSE: Final = re.compile(
    r"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?\Z", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Version:
    """One version; original: as it was written."""

    type: ClassVar[GoType] = VERSION

    major: int
    minor: int
    patch: int
    prerelease: str
    metadata: str
    original: str

    def __str__(self) -> str:
        tail = (f"-{self.prerelease}" if self.prerelease else "") + (f"+{self.metadata}" if self.metadata else "")
        return f"{self.major}.{self.minor}.{self.patch}{tail}"

    def compare(self, other: Version) -> int:
        """-1, 0 or 1; metadata does not count."""
        one = (self.major, self.minor, self.patch)
        two = (other.major, other.minor, other.patch)
        if one != two:
            return 1 if one > two else -1
        if not (self.prerelease and other.prerelease):
            return bool(other.prerelease) - bool(self.prerelease)
        return _compare_prereleases(self.prerelease, other.prerelease)


def parse_version(text: str) -> Version:
    """A version; missing parts are 0. Raises Fault with upstream's text."""
    if len(text) > _MAX_VERSION:
        raise Fault(f"version string is too long (max {_MAX_VERSION} bytes)")
    match = _LOOSE.match(text)
    if match is None or _has_empty_part(match[4]) or _has_empty_part(match[5]):
        raise Fault("invalid semantic version")
    numbers = [int(part or "0") for part in match.groups()[:3]]
    for number in numbers:
        if number >= _UINT64:
            raise Fault(
                f"error parsing version segment: strconv.ParseUint: parsing {quote(str(number))}: value out of range"
            )
    for part in (match[4] or "").split("."):
        if len(part) > 1 and part.isdigit() and part[0] == "0":
            raise Fault("version segment starts with 0")
    return Version(numbers[0], numbers[1], numbers[2], match[4] or "", match[5] or "", text)


def _has_empty_part(text: str | None) -> bool:
    return text is not None and "" in text.split(".")


def _compare_prereleases(left: str, right: str) -> int:
    one, two = left.split("."), right.split(".")
    for index in range(max(len(one), len(two))):
        a = one[index] if index < len(one) else ""
        b = two[index] if index < len(two) else ""
        if a != b:
            return 1 if _part_key(a) > _part_key(b) else -1
    return 0


def _part_key(part: str) -> tuple[int, int, str]:
    """Sorts nothing before numbers before texts."""
    if not part:
        return (0, 0, "")
    if part.isdigit() and int(part[:40]) < _UINT64:
        return (1, int(part), "")
    return (2, 0, part)


# --- constraints ------------------------------------------------------------------------------------

_OPERATORS: Final = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_NUMBER: Final = r"[0-9|x|X|\*]+"
_TAIL: Final = r"[0-9A-Za-z\-]+(\.[0-9A-Za-z\-]+)*"
_PARTIAL: Final = rf"v?({_NUMBER})(\.{_NUMBER})?(\.{_NUMBER})?(-({_TAIL}))?(\+({_TAIL}))?"
_ONE: Final = rf"({_OPERATORS})\s*({_PARTIAL})"
_SINGLE: Final = rf"^\s*{_ONE}\s*$"
_RANGE: Final = rf"\s*({_PARTIAL})\s+-\s+({_PARTIAL})\s*"
_GROUP: Final = rf"^(\s*{_ONE}\s*)((?:\s+|,\s*){_ONE}\s*)*$"


@dataclass(frozen=True, slots=True)
class _Constraint:
    """no_minor, no_patch: that part was left out or is an x; loose: any part was."""

    operator: str
    version: Version
    loose: bool
    no_minor: bool
    no_patch: bool


def satisfies(constraint: str, version: str, meter: Meter) -> bool:
    """Does a version fit a constraint (`^1.2 || >=2 <3`)? Raises Fault with upstream's text."""
    groups = _parse_constraints(constraint, meter)
    wanted = parse_version(version)
    for group in groups:
        if wanted.prerelease and not any(c.version.prerelease for c in group):
            continue
        if all(_CHECKS[c.operator](wanted, c) for c in group):
            return True
    return False


def _parse_constraints(text: str, meter: Meter) -> list[list[_Constraint]]:
    if len(text) > _MAX_CONSTRAINT:
        raise Fault(f"constraint string is too long (max {_MAX_CONSTRAINT} bytes)")
    parts = _without_ranges(text, meter).split("||")
    if len(parts) > _MAX_GROUPS:
        raise Fault(f"too many constraint groups (max {_MAX_GROUPS})")
    return [_parse_group(part, meter) for part in parts]


def _without_ranges(text: str, meter: Meter) -> str:
    """`1.2 - 1.4` as `>= 1.2, <= 1.4`."""
    result = text
    for found in list(compile_pattern(_RANGE).find_all(text, meter)):
        low, high = text[found[2] : found[3]], text[found[22] : found[23]]
        result = result.replace(text[found[0] : found[1]], f">= {low}, <= {high} ", 1)
    return result


def _parse_group(text: str, meter: Meter) -> list[_Constraint]:
    if not compile_pattern(_GROUP).matches(text, meter):
        raise Fault(f"improper constraint: {quote(text)}")
    found = [text[slots[0] : slots[1]] for slots in compile_pattern(_ONE).find_all(text, meter)]
    return [_parse_constraint(part, meter) for part in found or [text]]


def _parse_constraint(text: str, meter: Meter) -> _Constraint:
    slots = compile_pattern(_SINGLE).find(text, meter)
    if slots is None:
        raise Fault(f"improper constraint: {quote(text)}")
    groups = [text[slots[2 * n] : slots[2 * n + 1]] if slots[2 * n] >= 0 else "" for n in range(len(slots) // 2)]
    operator, major, minor, patch, tail = groups[1], groups[3], groups[4][1:], groups[5][1:], groups[6]
    no_major, no_minor = _open(major), False
    no_patch = False
    written = groups[2]
    if no_major:
        written = f"0.0.0{tail}"
    elif _open(minor):
        no_minor, written = True, f"{major}.0.0{tail}"
    elif _open(patch):
        no_patch, written = True, f"{major}.{minor}.0{tail}"
    try:
        version = parse_version(written)
    except Fault:
        raise Fault("constraint parser error") from None
    return _Constraint(operator, version, no_major or no_minor or no_patch, no_minor, no_patch)


def _open(part: str) -> bool:
    return part in ("", "x", "X", "*")


def _not_equal(v: Version, c: _Constraint) -> bool:
    if c.loose:
        if c.version.major != v.major:
            return True
        if c.no_minor:
            return False
        if c.version.minor != v.minor:
            return True
        if c.no_patch:
            either = bool(v.prerelease or c.version.prerelease)
            return either and v.prerelease != c.version.prerelease
        if c.version.patch != v.patch:
            return True
    return v.compare(c.version) != 0


def _greater(v: Version, c: _Constraint) -> bool:
    if not c.loose or v.major != c.version.major:
        return v.compare(c.version) > 0 if not c.loose else v.major > c.version.major
    if c.no_minor:
        return False
    return v.minor > c.version.minor if c.no_patch else v.compare(c.version) > 0


def _less(v: Version, c: _Constraint) -> bool:
    return v.compare(c.version) < 0


def _greater_equal(v: Version, c: _Constraint) -> bool:
    return v.compare(c.version) >= 0


def _less_equal(v: Version, c: _Constraint) -> bool:
    if not c.loose:
        return v.compare(c.version) <= 0
    if v.major != c.version.major:
        return v.major < c.version.major
    return v.minor <= c.version.minor or c.no_minor


def _tilde(v: Version, c: _Constraint) -> bool:
    if v.compare(c.version) < 0:
        return False
    zero = (c.version.major, c.version.minor, c.version.patch) == (0, 0, 0)
    if zero and not c.no_minor and not c.no_patch:
        return True
    return v.major == c.version.major and (v.minor == c.version.minor or c.no_minor)


def _equal(v: Version, c: _Constraint) -> bool:
    return _tilde(v, c) if c.loose else v.compare(c.version) == 0


def _caret(v: Version, c: _Constraint) -> bool:
    if v.compare(c.version) < 0:
        return False
    if c.version.major > 0 or c.no_minor:
        return v.major == c.version.major
    if v.major > 0:
        return False
    if c.version.minor > 0 or c.no_patch:
        return v.minor == c.version.minor
    return v.minor == 0 and v.patch == c.version.patch


_CHECKS: Final[dict[str, Callable[[Version, _Constraint], bool]]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _greater_equal,
    "=>": _greater_equal,
    "<=": _less_equal,
    "=<": _less_equal,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}
