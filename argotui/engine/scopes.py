"""The variables that tags may name (§3.3): those of the workflow, of siblings, of a template.

Scopes answer single names and compute nothing that nobody asks for, so a task with a thousand ancestors
costs no more than the tags it uses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from argotui.engine import gojson
from argotui.engine.errors import EngineError
from argotui.engine.expressions import NOTHING_DRAWN, Drawn
from argotui.engine.strftime import CHARACTERS, field
from argotui.model import documents
from argotui.model.anystring import any_string
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_SCHEDULED_TIME, CONFIGMAP_TYPE_PARAMETER, LABEL_CONFIGMAP_TYPE
from argotui.model.times import format_time, parse_time

ConfigMaps = Callable[[str], Document | None]
"""ConfigMap of the workflow's namespace by name."""

Wanted = frozenset[tuple[str, ...]]
"""First and second parts of the names that an expression mentions; one part alone means all below it."""

_PARAMETER_FIELDS: Final = ("name", "default", "value", "valueFrom", "globalName", "enum", "description")
_MISSING: Final = object()


class Lookup(Mapping[str, Any]):
    """A mapping whose values are computed when asked for; subclasses say how."""

    @property
    def drawn(self) -> Drawn:
        """The time and the chance of expressions that see these variables."""
        return NOTHING_DRAWN

    def near(self, wanted: Wanted) -> dict[str, Any]:
        """Every variable that an expression can reach, and maybe others."""
        return {name: self[name] for name in self.names()}

    def get(self, name: str, default: Any = None) -> Any:
        raise NotImplementedError

    def names(self) -> set[str]:
        """Every name that has a value."""
        raise NotImplementedError

    def __getitem__(self, name: str) -> Any:
        value = self.get(name, _MISSING)
        if value is _MISSING:
            raise KeyError(name)
        return value

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name, _MISSING) is not _MISSING

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self.names())


class Layers(Lookup):
    """Several scopes as one; the first that knows a name answers."""

    __slots__ = ("_drawn", "_scopes")

    def __init__(self, *scopes: Mapping[str, Any], drawn: Callable[[], Drawn] | None = None) -> None:
        self._scopes = scopes
        self._drawn = drawn

    @property
    def drawn(self) -> Drawn:
        """Its own, else those of the first scope that has any."""
        if self._drawn is not None:
            return self._drawn()
        found = (getattr(scope, "drawn", NOTHING_DRAWN) for scope in self._scopes)
        return next((drawn for drawn in found if drawn is not NOTHING_DRAWN), NOTHING_DRAWN)

    def near(self, wanted: Wanted) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for scope in reversed(self._scopes):
            found |= scope.near(wanted) if isinstance(scope, Lookup) else scope
        return found

    def get(self, name: str, default: Any = None) -> Any:
        for scope in self._scopes:
            value = scope.get(name, _MISSING)
            if value is not _MISSING:
                return value
        return default

    def names(self) -> set[str]:
        return {name for scope in self._scopes for name in scope}


_MOVING: Final = frozenset({"labels", "annotations", "status", "duration", "outputs", "failures"})
"""Second parts of the names of `Globals` that are not fixed."""


def _second(name: str) -> str:
    """`b` of `a.b.c`."""
    return name.partition(".")[2].partition(".")[0]


class Globals(Lookup):
    """`workflow.…`: fixed values, and those that follow the object and the clock.

    now is set by the run at the start of each pass. final_status and failures are set once the entry
    node is over, for the exit handler.
    """

    def __init__(self, fixed: Mapping[str, str], workflow: Document) -> None:
        self._fixed = dict(fixed)
        self._fixed_below: dict[str, list[str]] = {}
        """Fixed names by their second parts."""
        for name in fixed:
            self._fixed_below.setdefault(_second(name), []).append(name)
        self._workflow = workflow
        self.now: datetime | None = None
        self.final_status: str | None = None
        self.failures: str | None = None

    def get(self, name: str, default: Any = None) -> Any:
        value = self._fixed.get(name)
        if value is None and name.startswith("workflow."):
            value = self._moving(name)
        return default if value is None else value

    @property
    def drawn(self) -> Drawn:
        """The start of the workflow, and chance that follows from its uid."""
        started = parse_time(dig(self._workflow, "status", "startedAt"))
        now = started or (None if self.now is None else self.now.replace(microsecond=0))
        return Drawn(now, documents.uid(self._workflow).encode())

    def drawn_for(self, name: str, moment: str | None) -> Drawn:
        """What the expressions of one node draw on: the same whenever they are evaluated again.

        moment: a time of the status that does not change any more; None for the current one.
        """
        now = parse_time(moment) or (None if self.now is None else self.now.replace(microsecond=0))
        return Drawn(now, f"{documents.uid(self._workflow)}/{name}".encode())

    def near(self, wanted: Wanted) -> dict[str, Any]:
        own = {parts[1:] for parts in wanted if parts[0] == "workflow"}
        if () in own or any(parts[0] == "$env" for parts in wanted):
            return super().near(wanted)
        seconds = {"name", *(part for (part,) in own)} if own else set()  # the name: `workflow` as such exists
        found: dict[str, Any] = {
            name: self._fixed[name] for each in seconds for name in self._fixed_below.get(each, ())
        }
        if not seconds.isdisjoint(_MOVING):
            found |= {name: self[name] for name in self._moving_names() if _second(name) in seconds}
        return found

    def names(self) -> set[str]:
        return set(self._fixed) | self._moving_names()

    def _moving_names(self) -> set[str]:
        found: set[str] = set()
        for kind in ("labels", "annotations"):
            found |= {f"workflow.{kind}", f"workflow.{kind}.json"}
            found |= {f"workflow.{kind}.{key}" for key in self._metadata(kind)}
        found |= {"workflow.status", "workflow.duration"}
        found |= {f"workflow.outputs.parameters.{p.get('name')}" for p in self._outputs() if p.get("value") is not None}
        return found | ({"workflow.failures"} if self.failures is not None else set())

    def _moving(self, name: str) -> str | None:
        for kind in ("labels", "annotations"):
            if name.startswith(f"workflow.{kind}"):
                return self._of_metadata(kind, name.removeprefix(f"workflow.{kind}"))
        if name.startswith("workflow.outputs.parameters."):
            return self._output(name.removeprefix("workflow.outputs.parameters."))
        if name == "workflow.status":
            return self.final_status or dig(self._workflow, "status", "phase") or ""
        if name == "workflow.duration":
            return self._duration()
        return self.failures if name == "workflow.failures" else None

    def _metadata(self, kind: str) -> Mapping[str, str]:
        found = dig(self._workflow, "metadata", kind)
        return found if isinstance(found, dict) else {}

    def _of_metadata(self, kind: str, rest: str) -> str | None:
        if rest in ("", ".json"):
            found = self._metadata(kind)
            return gojson.text(dict(found)) if found else "null"
        return self._metadata(kind).get(rest[1:]) if rest.startswith(".") else None

    def _outputs(self) -> list[Document]:
        return dig(self._workflow, "status", "outputs", "parameters") or []

    def _output(self, name: str) -> str | None:
        for parameter in self._outputs():
            if parameter.get("name") == name:
                return any_string(parameter.get("value"))
        return None

    def _duration(self) -> str:
        started = parse_time(dig(self._workflow, "status", "startedAt"))
        if started is None or self.now is None:
            return "0.000000"
        return f"{(self.now - started).total_seconds():f}"


def global_variables(workflow: Document, spec: Document, config_maps: ConfigMaps) -> dict[str, str]:
    """The fixed part of `Globals`. Raises EngineError for a parameter without a value."""
    variables = {
        "workflow.name": documents.name(workflow),
        "workflow.namespace": documents.namespace(workflow),
        "workflow.uid": documents.uid(workflow),
        "workflow.mainEntrypoint": str(spec.get("entrypoint") or ""),
        "workflow.serviceAccountName": str(spec.get("serviceAccountName") or ""),
        **_creation(documents.created(workflow)),
        **_parameters(spec, config_maps),
    }
    if spec.get("priority") is not None:
        variables["workflow.priority"] = str(spec["priority"])
    scheduled = documents.annotations(workflow).get(ANNOTATION_SCHEDULED_TIME)
    if scheduled is not None:
        variables["workflow.scheduledTime"] = scheduled
    return variables


def _creation(text: str) -> dict[str, str]:
    moment = parse_time(text)
    if moment is None:
        return {}
    name = "workflow.creationTimestamp"
    written = format_time(moment)
    return {
        name: written,
        f"{name}.RFC3339": written,
        f"{name}.s": str(int(moment.timestamp())),
        **{f"{name}.{character}": field(character, moment) for character in CHARACTERS},
    }


def _parameters(spec: Document, config_maps: ConfigMaps) -> dict[str, str]:
    parameters = dig(spec, "arguments", "parameters") or []
    whole = parameters_json(parameters) if parameters else "null"
    variables = {"workflow.parameters": whole, "workflow.parameters.json": whole}
    for parameter in parameters:
        variables[f"workflow.parameters.{parameter.get('name')}"] = _global_parameter(parameter, config_maps)
    return variables


def _global_parameter(parameter: Document, config_maps: ConfigMaps) -> str:
    name = parameter.get("name")
    value = any_string(parameter.get("value"))
    if value is not None:
        return value
    reference = dig(parameter, "valueFrom", "configMapKeyRef")
    if reference is None:
        raise EngineError(f"either value or valueFrom must be specified in order to set global parameter {name}")
    map_name, key = str(reference.get("name") or ""), str(reference.get("key") or "")
    try:
        return config_map_value(config_maps, map_name, key)
    except EngineError as error:
        default = any_string(dig(parameter, "valueFrom", "default"))
        if default is None:
            raise EngineError(
                f"failed to set global parameter {name} from configmap with name {map_name} and key {key}: {error}"
            ) from None
        return default


class NotInConfigMap(EngineError):
    """The ConfigMap or its key does not exist; a default may stand in."""


def config_map_value(config_maps: ConfigMaps, name: str, key: str) -> str:
    """The value of a key of a ConfigMap that is labelled for parameters.

    Raises NotInConfigMap when there is none, EngineError when the ConfigMap is of another type.
    """
    found = config_maps(name)
    if found is None:
        raise NotInConfigMap(
            f"ConfigMap '{name}' does not exist. Please make sure it has the label "
            f"{LABEL_CONFIGMAP_TYPE}: {CONFIGMAP_TYPE_PARAMETER} to be detectable by the controller"
        )
    kind = documents.labels(found).get(LABEL_CONFIGMAP_TYPE, "")
    if kind != CONFIGMAP_TYPE_PARAMETER:
        raise EngineError(
            f"ConfigMap '{name}' needs to have the label {LABEL_CONFIGMAP_TYPE}: "
            f"{CONFIGMAP_TYPE_PARAMETER} to load parameters"
        )
    value = (found.get("data") or {}).get(key)
    if value is None:
        raise NotInConfigMap(f"ConfigMap '{name}' does not have the key '{key}'")
    return str(value)


def parameters_json(parameters: list[Document]) -> str:
    """A parameter list as JSON with the fields in upstream's order."""
    return "[" + ",".join(gojson.struct_text(_texts(p), _PARAMETER_FIELDS) for p in parameters) + "]"


def _texts(parameter: Document) -> Document:
    """The parameter with its values as texts, whatever they were written as."""
    converted = dict(parameter)
    for key in ("default", "value", "description"):
        if converted.get(key) is not None:
            converted[key] = any_string(converted[key])
    if converted.get("enum"):
        converted["enum"] = [any_string(value) for value in converted["enum"]]
    return converted


class NodeVariables(Lookup):
    """What one sibling offers: `status`, `id`, `outputs.result`, … without the `steps.NAME.` before it.

    node: its document (that of the last attempt for a Retry node). outputs: declared output parameters of
    its template, which a skipped node offers as defaults or as absent (None). extra: aggregates of a loop.
    """

    __slots__ = ("_declared", "_extra", "_node")

    def __init__(
        self,
        node: Mapping[str, Any],
        declared: tuple[Document, ...] = (),
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self._node = node
        self._declared = declared
        self._extra = extra or {}

    def get(self, name: str, default: Any = None) -> Any:
        if name in self._extra:
            return self._extra[name]
        found = self._plain(name)
        if found is None:
            found = self._output(name)
        if found is None:
            return self._skipped(name, default)
        return found

    def _plain(self, name: str) -> Any:
        key = _NODE_FIELDS.get(name)
        return (self._node.get(key) or None) if key else None

    def _output(self, name: str) -> Any:
        outputs = self._node.get("outputs") or {}
        if name == "outputs.result":
            return outputs.get("result")
        if name == "exitCode":
            return outputs.get("exitCode")
        for parameter in outputs.get("parameters") or ():
            if name == f"outputs.parameters.{parameter.get('name')}":
                return any_string(parameter.get("value"))
        return None

    def _skipped(self, name: str, default: Any) -> Any:
        if self._node.get("outputs") is not None or self._node.get("phase") not in ("Skipped", "Omitted"):
            return default
        for parameter in self._declared:
            if name == f"outputs.parameters.{parameter.get('name')}":
                return any_string(dig(parameter, "valueFrom", "default"))
        return default

    def names(self) -> set[str]:
        known = {name for name, key in _NODE_FIELDS.items() if self._node.get(key)} | set(self._extra)
        outputs = self._node.get("outputs") or {}
        known |= {name for name in ("outputs.result", "exitCode") if outputs.get(name.removeprefix("outputs."))}
        for parameter in (*(outputs.get("parameters") or ()), *self._declared):
            known.add(f"outputs.parameters.{parameter.get('name')}")
        return {name for name in known if name in self}


_NODE_FIELDS: Final = {
    "id": "id",
    "startedAt": "startedAt",
    "finishedAt": "finishedAt",
    "ip": "podIP",
    "status": "phase",
    "hostNodeName": "hostNodeName",
}


class Siblings(Lookup):
    """`steps.NAME.…` or `tasks.NAME.…`.

    find: name -> variables of that sibling, None when it cannot be referred to (yet).
    """

    __slots__ = ("_find", "_known", "_prefix")

    def __init__(self, kind: str, find: Callable[[str], Lookup | None], known: Callable[[], list[str]] = list) -> None:
        self._prefix = f"{kind}."
        self._find = find
        self._known = known

    def get(self, name: str, default: Any = None) -> Any:
        if not name.startswith(self._prefix):
            return default
        sibling, _, rest = name[len(self._prefix) :].partition(".")
        variables = self._find(sibling)
        return default if variables is None else variables.get(rest, default)

    def names(self) -> set[str]:
        return set(self._of(self._known()))

    def near(self, wanted: Wanted) -> dict[str, Any]:
        own = [parts[1:] for parts in wanted if f"{parts[0]}." == self._prefix]
        if ("$env",) in {parts[:1] for parts in wanted} or () in own:
            return self._of(self._known())
        found = self._of(sorted(name for (name,) in own))
        if own and not found:  # a name that nobody has is looked for among others
            found = self._of(self._known()[:1])
        return found

    def _of(self, siblings: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for sibling in siblings:
            variables = self._find(sibling)
            if variables is not None:
                found |= {f"{self._prefix}{sibling}.{rest}": variables[rest] for rest in variables}
        return found
