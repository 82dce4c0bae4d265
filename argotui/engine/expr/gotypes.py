"""The Go types that values of an expression can have.

Upstream's checker and its messages speak of Go types, so they are kept here as small descriptions. Types
are compared by identity: every description is made once, through `parse_type`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(eq=False, slots=True)
class GoType:
    """kind: Go's reflect.Kind in lower case. name: as `%T` prints it. path: the package of a named type."""

    kind: str
    name: str
    path: str = ""
    elem: GoType | None = None
    key: GoType | None = None
    params: tuple[GoType, ...] = ()
    results: tuple[GoType, ...] = ()
    variadic: bool = False
    methods: Mapping[str, GoType] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.name

    @property
    def is_integer(self) -> bool:
        """A plain integer type (time.Duration and the like are not)."""
        return self.kind in _INTEGER_KINDS and not self.path

    @property
    def is_float(self) -> bool:
        return self.kind in ("float32", "float64") and not self.path

    @property
    def is_array(self) -> bool:
        return self.kind in ("slice", "array")

    def assignable_to(self, other: GoType) -> bool:
        """Go's assignability among the types that occur here: the same type, or any type to `interface {}`."""
        return self is other or other is ANY


_INTEGER_KINDS: Final = frozenset(
    ("int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64")
)
_TABLE: Final[dict[str, GoType]] = {
    name: GoType(name, name) for name in (*_INTEGER_KINDS, "bool", "string", "float32", "float64")
}


def _define(kind: str, name: str, path: str = "", elem: GoType | None = None) -> GoType:
    made = GoType(kind, name, path, elem)
    _TABLE[name] = made
    return made


ANY: Final = _define("interface", "interface {}")
ERROR: Final = _define("interface", "error", "error")
TIME: Final = _define("struct", "time.Time", "time")
DURATION: Final = _define("int64", "time.Duration", "time")
MONTH: Final = _define("int", "time.Month", "time")
WEEKDAY: Final = _define("int", "time.Weekday", "time")
LOCATION: Final = _define("ptr", "*time.Location", elem=_define("struct", "time.Location", "time"))
VERSION: Final = _define(
    "ptr",
    "*semver.Version",
    elem=_define("struct", "semver.Version", "github.com/Masterminds/semver/v3"),
)
_define("struct", "sprig.certificate", "github.com/Masterminds/sprig/v3")
_define("interface", "driver.Value", "database/sql/driver")
_define("struct", "struct {}")

BOOL: Final = _TABLE["bool"]
INT: Final = _TABLE["int"]
INT64: Final = _TABLE["int64"]
UINT8: Final = _TABLE["uint8"]
UINT64: Final = _TABLE["uint64"]
FLOAT64: Final = _TABLE["float64"]
STRING: Final = _TABLE["string"]


def parse_type(text: str) -> GoType:
    """The type of a Go type text (`map[string]interface {}`, `func(...int) string`); KeyError if unknown."""
    found = _TABLE.get(text)
    if found is None:
        found = _TABLE[text] = _parse(text)
    return found


def _parse(text: str) -> GoType:
    if text.startswith("func("):
        return _parse_function(text)
    if text.startswith("map["):
        key, _, value = text[4:].partition("]")
        return GoType("map", text, elem=parse_type(value), key=parse_type(key))
    if text.startswith("["):
        size, _, value = text[1:].partition("]")
        return GoType("array" if size else "slice", text, elem=parse_type(value))
    raise KeyError(text)


def _parse_function(text: str) -> GoType:
    end = _closing(text, len("func("))
    params = text[len("func(") : end]
    results = text[end + 1 :].strip()
    if results.startswith("("):
        results = results[1:-1]
    return GoType(
        "func",
        text,
        params=_parse_list(params.replace("...", "[]")),
        results=_parse_list(results),
        variadic="..." in params,
    )


def _closing(text: str, start: int) -> int:
    """Where the bracket that is open at start is closed."""
    depth = 1
    for position in range(start, len(text)):
        depth += (text[position] == "(") - (text[position] == ")")
        if depth == 0:
            return position
    raise KeyError(text)


def _parse_list(text: str) -> tuple[GoType, ...]:
    """The types of a list, cut at the commas that stand in no brackets."""
    found: list[GoType] = []
    start = depth = 0
    for position, character in enumerate(text + ","):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            part = text[start:position].strip()
            start = position + 1
            if part:
                found.append(parse_type(part))
    return tuple(found)


ANYS: Final = parse_type("[]interface {}")
INTS: Final = parse_type("[]int")
STRINGS: Final = parse_type("[]string")
BYTES: Final = parse_type("[]uint8")
LISTS: Final = parse_type("[][]interface {}")
PAIR: Final = parse_type("[2]interface {}")
PAIRS: Final = parse_type("[][2]interface {}")
MAP: Final = parse_type("map[string]interface {}")
TEXT_MAP: Final = parse_type("map[string]string")
ANY_MAP: Final = parse_type("map[interface {}]interface {}")
GROUPS: Final = parse_type("map[interface {}][]interface {}")
INT_SET: Final = parse_type("map[int]struct {}")
TEXT_SET: Final = parse_type("map[string]struct {}")
BUILTIN: Final = parse_type("func(...interface {}) (interface {}, error)")


def _methods(owner: GoType, signatures: str) -> None:
    """One method a line: its name and its type without the receiver."""
    lines = (line.split(" ", 1) for line in signatures.strip().splitlines())
    owner.methods = {name: parse_type(signature) for name, signature in lines}


_methods(
    TIME,
    """
Add func(time.Duration) time.Time
AddDate func(int, int, int) time.Time
After func(time.Time) bool
Before func(time.Time) bool
Clock func() (int, int, int)
Compare func(time.Time) int
Date func() (int, time.Month, int)
Day func() int
Equal func(time.Time) bool
Format func(string) string
GoString func() string
Hour func() int
ISOWeek func() (int, int)
In func(*time.Location) time.Time
IsDST func() bool
IsZero func() bool
Local func() time.Time
Location func() *time.Location
MarshalJSON func() ([]uint8, error)
MarshalText func() ([]uint8, error)
Minute func() int
Month func() time.Month
Nanosecond func() int
Round func(time.Duration) time.Time
Second func() int
String func() string
Sub func(time.Time) time.Duration
Truncate func(time.Duration) time.Time
UTC func() time.Time
Unix func() int64
UnixMicro func() int64
UnixMilli func() int64
UnixNano func() int64
Weekday func() time.Weekday
Year func() int
YearDay func() int
Zone func() (string, int)
""",
)
_methods(
    DURATION,
    """
Abs func() time.Duration
Hours func() float64
Microseconds func() int64
Milliseconds func() int64
Minutes func() float64
Nanoseconds func() int64
Round func(time.Duration) time.Duration
Seconds func() float64
String func() string
Truncate func(time.Duration) time.Duration
""",
)
for _named in (LOCATION, MONTH, WEEKDAY):
    _methods(_named, "String func() string")
_methods(
    VERSION,
    """
Compare func(*semver.Version) int
Equal func(*semver.Version) bool
GreaterThan func(*semver.Version) bool
GreaterThanEqual func(*semver.Version) bool
LessThan func(*semver.Version) bool
LessThanEqual func(*semver.Version) bool
Major func() uint64
Metadata func() string
Minor func() uint64
Original func() string
Patch func() uint64
Prerelease func() string
String func() string
""",
)
