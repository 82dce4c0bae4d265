"""How values merge: as a whole, field by field, or item by item.

Kubernetes' own kinds have the shapes that its types declare (their `listType`, `listMapKey` and
`mapType`); kinds of CustomResourceDefinitions have those of their schemas (`x-kubernetes-list-type`,
`x-kubernetes-list-map-keys`, `x-kubernetes-map-type`). What neither describes takes the shape of the
value itself: objects merge field by field, lists are one value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, cached_property
from typing import Any

from argotui.local.apiserver import typed
from argotui.local.apiserver.served import Collection
from argotui.model.documents import Document


class Kind(Enum):
    """What a value is, as far as merging goes."""

    SCALAR = 1
    MAP = 2
    LIST = 3
    ANY = 4


class Shape:
    """The shape of one value. `fields` are the declared ones of an object, `element` is any other field or an item.

    `keys` tell the items of a list apart; a list that is not atomic and has none is a set of plain values.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        scalar: str = "",
        atomic: bool = False,
        fields: Callable[[], Mapping[str, Shape]] = dict,
        element: Shape | None = None,
        keys: tuple[str, ...] = (),
        default: Any = None,
    ) -> None:
        self.kind = kind
        self.scalar = scalar
        """numeric, string, boolean, or empty for any of them."""
        self.atomic = atomic
        self._fields = fields
        self.element = element
        self.keys = keys
        self.default = default
        """Stands for a key that an item does not give."""

    @cached_property
    def fields(self) -> Mapping[str, Shape]:
        """The declared fields; made when first asked for, as types may hold themselves."""
        return self._fields()

    def child(self, key: str) -> Shape | None:
        """The shape of a field, None when it is not declared."""
        return self.fields.get(key) or self.element

    def of(self, value: Any) -> Shape:
        """The shape itself, or the one that the value suggests."""
        if self.kind is not Kind.ANY:
            return self
        return _OPEN_MAP if isinstance(value, dict) else _OPEN_LIST if isinstance(value, list) else SCALAR


SCALAR = Shape(Kind.SCALAR)
ANY = Shape(Kind.ANY)
_OPEN_MAP = Shape(Kind.MAP, element=ANY)
_OPEN_LIST = Shape(Kind.LIST, atomic=True, element=ANY)
_STRING = Shape(Kind.SCALAR, scalar="string")
_SCALARS = {
    "i": Shape(Kind.SCALAR, scalar="numeric"), "f": Shape(Kind.SCALAR, scalar="numeric"),
    "b": Shape(Kind.SCALAR, scalar="boolean"), "q": SCALAR, "x": SCALAR, "any": ANY,
}  # fmt: skip

_SET: tuple[str, ...] = ()
_NAME, _TYPE = ("name",), ("type",)
_LISTS: dict[str, tuple[str, ...]] = {
    "Container.env": _NAME, "Container.ports": ("containerPort", "protocol"),
    "Container.volumeDevices": ("devicePath",), "Container.volumeMounts": ("mountPath",),
    "ContainerRestartRuleOnExitCodes.values": _SET, "ContainerStatus.allocatedResourcesStatus": _NAME,
    "ContainerStatus.volumeMounts": ("mountPath",),
    "CustomResourceDefinitionStatus.conditions": _TYPE, "EphemeralContainer.env": _NAME,
    "EphemeralContainer.ports": ("containerPort", "protocol"), "EphemeralContainer.volumeDevices": ("devicePath",),
    "EphemeralContainer.volumeMounts": ("mountPath",), "JSONSchemaProps.x-kubernetes-validations": ("rule",),
    "NamespaceStatus.conditions": _TYPE, "NodeSpec.podCIDRs": _SET, "NodeStatus.addresses": _TYPE,
    "NodeStatus.conditions": _TYPE, "ObjectMeta.finalizers": _SET, "ObjectMeta.ownerReferences": ("uid",),
    "PersistentVolumeClaimStatus.conditions": _TYPE, "PodDisruptionBudgetStatus.conditions": _TYPE,
    "PodFailurePolicyOnExitCodesRequirement.values": _SET, "PodSpec.containers": _NAME,
    "PodSpec.ephemeralContainers": _NAME, "PodSpec.hostAliases": ("ip",), "PodSpec.imagePullSecrets": _NAME,
    "PodSpec.initContainers": _NAME, "PodSpec.resourceClaims": _NAME, "PodSpec.schedulingGates": _NAME,
    "PodSpec.topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"), "PodSpec.volumes": _NAME,
    "PodStatus.conditions": _TYPE, "PodStatus.podIPs": ("ip",), "PodStatus.resourceClaimStatuses": _NAME,
    "ResourceRequirements.claims": _NAME, "ResourceStatus.resources": ("resourceID",), "ServiceAccount.secrets": _NAME,
    "ServiceSpec.ports": ("port", "protocol"), "ServiceStatus.conditions": _TYPE,
    "UncountedTerminatedPods.failed": _SET, "UncountedTerminatedPods.succeeded": _SET,
}  # fmt: skip
"""Lists of Kubernetes' own types that merge item by item, with what tells the items apart; others are atomic."""

_ATOMIC_TYPES = frozenset({
    "ConfigMapKeySelector", "FileKeySelector", "LabelSelector", "LocalObjectReference", "NodeSelector",
    "NodeSelectorTerm", "ObjectFieldSelector", "ObjectReference", "OwnerReference", "RbacV1Subject",
    "ResourceFieldSelector", "RoleRef", "SecretKeySelector", "TypedLocalObjectReference",
})  # fmt: skip
_ATOMIC_MAPS = frozenset({"PodSpec.nodeSelector", "ServiceSpec.selector"})
_DEFAULTS = {"ContainerPort.protocol": "TCP", "ServicePort.protocol": "TCP"}


@cache
def declared(type_name: str) -> Shape:
    """The shape of one of Kubernetes' own types."""

    def fields() -> Mapping[str, Shape]:
        return {key: _field(f"{type_name}.{key}", found) for key, found in typed.table()[type_name].items()}

    return Shape(Kind.MAP, atomic=type_name in _ATOMIC_TYPES, fields=fields)


def _field(place: str, found: typed.Field) -> Shape:
    one = _one(found.type)
    if found.shape == "[":
        return Shape(Kind.LIST, atomic=place not in _LISTS, element=one, keys=_LISTS.get(place, ()))
    if found.shape == "{":
        return Shape(Kind.MAP, atomic=place in _ATOMIC_MAPS, element=one)
    if place in _DEFAULTS:
        return Shape(Kind.SCALAR, scalar="string", default=_DEFAULTS[place])
    return one


def _one(type_: str) -> Shape:
    if type_ in ("s", "t", "B"):
        return _STRING
    return _SCALARS.get(type_) or declared(type_)


def described(schema: Document) -> Shape:
    """The shape that a structural schema describes."""
    if schema.get("x-kubernetes-int-or-string"):
        return Shape(Kind.SCALAR, default=schema.get("default"))
    kind = schema.get("type")
    if kind == "array":
        return _described_list(schema)
    if kind == "object" or "properties" in schema or "additionalProperties" in schema:
        return _described_map(schema)
    if kind is None:
        return ANY
    scalar = {"integer": "numeric", "number": "numeric", "string": "string", "boolean": "boolean"}.get(str(kind), "")
    return Shape(Kind.SCALAR, scalar=scalar, default=schema.get("default"))


def _described_list(schema: Document) -> Shape:
    relation, items = schema.get("x-kubernetes-list-type", "atomic"), schema.get("items")
    keys = tuple(schema.get("x-kubernetes-list-map-keys") or ()) if relation == "map" else ()
    element = described(items) if isinstance(items, dict) else ANY
    return Shape(Kind.LIST, atomic=relation == "atomic", element=element, keys=keys)


def _described_map(schema: Document) -> Shape:
    extra, properties = schema.get("additionalProperties"), schema.get("properties") or {}
    element = described(extra) if isinstance(extra, dict) else None
    if element is None and (schema.get("x-kubernetes-preserve-unknown-fields") or extra is True):
        element = ANY

    def fields() -> Mapping[str, Shape]:
        found = {key: described(child) for key, child in properties.items()}
        return {**found, **_head()} if schema.get("x-kubernetes-embedded-resource") else found

    return Shape(Kind.MAP, atomic=schema.get("x-kubernetes-map-type") == "atomic", fields=fields, element=element)


def _head() -> Mapping[str, Shape]:
    return {"apiVersion": _STRING, "kind": _STRING, "metadata": declared("ObjectMeta")}


def shape_of(collection: Collection) -> Shape:
    """The shape of a collection's objects; made once for each version of its definition."""
    found = collection.cache.get("shape")
    if found is None:
        found = collection.cache["shape"] = _made(collection)
    assert isinstance(found, Shape)
    return found


def _made(collection: Collection) -> Shape:
    if collection.builtin:
        return declared(collection.resource.kind)
    schema = collection.schema()
    if schema is None:
        return Shape(Kind.MAP, fields=_head, element=ANY)
    described_fields = described(schema)
    return Shape(Kind.MAP, fields=lambda: {**described_fields.fields, **_head()}, element=described_fields.element)
