"""The text of kubeconfig files: what stands on which line, and several files as one.

Merging follows kubectl: the first file that names an entry, or the current context, wins as a whole; a relative path
belongs to the file that states it. Complaints name file, line and key, because files that tools generate are long.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argotui.kube.errors import ConfigError

_KINDS = (("contexts", "context"), ("clusters", "cluster"), ("users", "user"))
_TEXT_TAGS = ("tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp")
_TRUE = ("true", "yes", "on")


@dataclass(frozen=True, slots=True)
class Number:
    """A scalar that YAML takes for a number. No key of a kubeconfig is one."""

    text: str


@dataclass(frozen=True, slots=True)
class Located:
    """A value (None, bool, str, Number, list of these, dict by key of these) and its line, counted from 1."""

    value: Any
    line: int


class Section:
    """A map within a kubeconfig. `title` is how a person would call it: user 'me'."""

    def __init__(self, values: Mapping[str, Located], file: Path, line: int, title: str) -> None:
        self._values = values
        self._file = file
        self._line = line
        self.title = title

    def where(self, key: str = "") -> str:
        """File, line and title, for messages."""
        line = self._values[key].line if key in self._values else self._line
        title = ": ".join(part for part in (self.title, key) if part)
        return f"{self._file}:{line}: {title}" if title else f"{self._file}:{line}"

    def __contains__(self, key: str) -> bool:
        """Whether the key is set to anything but nothing: null, empty text, false, an empty list or map."""
        return bool(self._value(key))

    def text(self, key: str) -> str:
        """A text, "" when it is not set. Raises ConfigError for another type."""
        value = self._value(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            hint = "; put it in quotes" if isinstance(value, Number | bool) else ""
            raise ConfigError(f"{self.where(key)} must be text, not {_kind(value)}{hint}")
        return value

    def flag(self, key: str) -> bool:
        """A truth value, False when it is not set. Raises ConfigError for another type."""
        value = self._value(key)
        if value is not None and not isinstance(value, bool):
            raise ConfigError(f"{self.where(key)} must be true or false, not {_kind(value)}")
        return bool(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts. Raises ConfigError for anything else."""
        found = []
        for item in self._list(key):
            if not isinstance(item.value, str):
                hint = "; put it in quotes" if isinstance(item.value, Number | bool) else ""
                where = f"{self._file}:{item.line}: {self.title}: {key}"
                raise ConfigError(f"{where} must be a list of texts, found {_kind(item.value)}{hint}")
            found.append(item.value)
        return tuple(found)

    def section(self, key: str, title: str = "") -> Section | None:
        """A map within this one, None when it is not set. Raises ConfigError when it is no map."""
        value = self._value(key)
        if value is None:
            return None
        return self._section(self._values[key], key, title)

    def sections(self, key: str) -> Iterator[Section]:
        """The maps of a list. Raises ConfigError for anything else."""
        for item in self._list(key):
            yield self._section(item, key, f"{self.title}: {key}" if self.title else key)

    def empty(self, title: str) -> Section:
        """A map without keys that stands where this one does."""
        return Section({}, self._file, self._line, title)

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys, set or not."""
        return tuple(self._values)

    def plain(self, key: str) -> Any:
        """The value as it would be in JSON."""
        return _plain(self._values[key]) if key in self._values else None

    def path(self, key: str) -> Path | None:
        """A file, from the directory of this kubeconfig on when it is relative."""
        text = self.text(key)
        return self.beside(text) if text else None

    def beside(self, name: str) -> Path:
        """A file name, from the directory of this kubeconfig on when it is relative."""
        return self._file.absolute().parent / name

    def data(self, key: str) -> bytes | None:
        """Inline base64 (`key-data`) wins over a file (`key`), as in kubectl. Raises ConfigError."""
        inline = self.text(f"{key}-data")
        if inline:
            try:
                return base64.b64decode("".join(inline.split()), validate=True)
            except (binascii.Error, ValueError) as error:
                raise ConfigError(f"{self.where(f'{key}-data')} is not base64: {error}") from error
        path = self.path(key)
        return read_file(path, self.where(key)) if path else None

    def origin(self, key: str) -> str:
        """Where the bytes that `data` returns come from, "" when there are none."""
        if f"{key}-data" in self:
            return self.where(f"{key}-data")
        return f"{self.path(key)} ({self.where(key)})" if key in self else ""

    def _value(self, key: str) -> Any:
        found = self._values.get(key)
        return None if found is None else found.value

    def _list(self, key: str) -> list[Located]:
        value = self._value(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ConfigError(f"{self.where(key)} must be a list, not {_kind(value)}")
        return value

    def _section(self, found: Located, key: str, title: str) -> Section:
        if not isinstance(found.value, dict):
            raise ConfigError(f"{self._file}:{found.line}: {title or key} must be a map, not {_kind(found.value)}")
        return Section(found.value, self._file, found.line, title or self.title)


class Kubeconfig:
    """All files of one KUBECONFIG as one."""

    def __init__(self, paths: list[Path]) -> None:
        """Raises ConfigError for a file that cannot be read or understood."""
        self.current = ""
        self.contexts: dict[str, Section] = {}
        self.clusters: dict[str, Section] = {}
        self.users: dict[str, Section] = {}
        for path in paths:
            self._add(parse(path))

    def _add(self, file: Section) -> None:
        self.current = self.current or file.text("current-context")
        for plural, singular in _KINDS:
            named = dict(_named(file, plural, singular))
            entries: dict[str, Section] = getattr(self, plural)
            entries.update((name, found) for name, found in named.items() if name not in entries)

    def find(self, kind: str, name: str) -> Section:
        """`kind` is context, cluster or user. Raises ConfigError that lists what there is."""
        entries: dict[str, Section] = getattr(self, f"{kind}s")
        if name not in entries:
            raise ConfigError(f"kubeconfig has no {kind} {name!r}; it has {listing(entries)}")
        return entries[name]


def listing(entries: Mapping[str, Any]) -> str:
    """Names for a message."""
    return ", ".join(sorted(entries)) or "none"


def _named(file: Section, plural: str, singular: str) -> Iterator[tuple[str, Section]]:
    seen = set()
    for item in file.sections(plural):
        name = item.text("name")
        if not name:
            raise ConfigError(f"{item.where()}: an entry without a name")
        if name in seen:
            raise ConfigError(f"{item.where('name')}: a second {singular} {name!r} in the same file; remove one")
        seen.add(name)
        title = f"{singular} {name!r}"
        yield name, item.section(singular, title) or item.empty(title)


def parse(path: Path) -> Section:
    """One file. Raises ConfigError with the line of a mistake."""
    import yaml  # here: what talks to the local cluster in-process reads no kubeconfig

    text = read_file(path, "kubeconfig")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        root = loader.get_single_node()
        found = _Reader(path).read(root) if root is not None else Located({}, 1)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from error
    finally:
        loader.dispose()
    if found.value is None:
        return Section({}, path, 1, "")
    if not isinstance(found.value, dict):
        raise ConfigError(f"{path}: not a kubeconfig: it must be a map with clusters, users and contexts")
    return Section(found.value, path, 1, "")


def read_file(path: Path, what: str) -> bytes:
    """The bytes of a file. Raises ConfigError that names the file and what it was to be."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{what}: cannot read {path}: {error.strerror or error}") from error


class _Reader:
    """Nodes of a YAML document as located values. An alias is read once, so that few lines cannot become many."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._done: dict[int, Located] = {}
        self._open: set[int] = set()

    def read(self, node: Any) -> Located:
        """Raises ConfigError."""
        if id(node) in self._done:
            return self._done[id(node)]
        line = node.start_mark.line + 1
        if id(node) in self._open:
            raise ConfigError(f"{self._path}:{line}: a value that contains itself")
        self._open.add(id(node))
        found = self._done[id(node)] = Located(self._value(node), line)
        return found

    def _value(self, node: Any) -> Any:
        if node.id == "mapping":
            return {_key(key, self._path): self.read(value) for key, value in node.value}
        if node.id == "sequence":
            return [self.read(item) for item in node.value]
        return _scalar(node)


def _key(node: Any, path: Path) -> str:
    if node.id != "scalar" or node.tag == "tag:yaml.org,2002:merge":
        raise ConfigError(f"{path}:{node.start_mark.line + 1}: a key must be text; merge keys (<<) are not understood")
    return str(node.value)


def _scalar(node: Any) -> str | bool | Number | None:
    if node.tag in _TEXT_TAGS:
        return str(node.value)
    if node.tag == "tag:yaml.org,2002:null":
        return None
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in _TRUE
    return Number(node.value)


def _plain(found: Located) -> Any:
    value = found.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return _number(value.text) if isinstance(value, Number) else value


def _number(text: str) -> int | float | str:
    for read in (int, float):
        try:
            number = read(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else text
    return text


def _kind(value: Any) -> str:
    names = {type(None): "nothing", bool: "a truth value", Number: "a number", str: "text", list: "a list"}
    return names.get(type(value), "a map")
