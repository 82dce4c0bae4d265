"""Which objects a list or a watch is about."""

from __future__ import annotations

from dataclasses import dataclass

from argotui.local.apiserver import status
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.storage.entry import Entry
from argotui.model.selectors import FieldSelector, LabelSelector, SelectorError

_EVERYWHERE = ("metadata.name", "metadata.namespace")


@dataclass(frozen=True, slots=True)
class Selection:
    """A namespace ("" for all) with selectors; None selects everything."""

    namespace: str
    labels: LabelSelector | None
    fields: FieldSelector | None

    @property
    def by_content(self) -> bool:
        """Whether an object can enter or leave the selection by being changed."""
        return self.labels is not None or self.fields is not None

    def matches(self, entry: Entry) -> bool:
        """Whether this version of the object is selected."""
        if self.namespace and entry.key.namespace != self.namespace:
            return False
        if self.labels is not None and not self.labels.matches(entry.labels):
            return False
        return self.fields is None or self.fields.matches(entry.field)


def select(collection: Collection, namespace: str, labels: str, fields: str, name: str = "") -> Selection:
    """Parses selectors; `name` adds metadata.name=name. Raises StatusError 400 with Kubernetes' words."""
    if name:
        fields = f"{fields},metadata.name={name}" if fields else f"metadata.name={name}"
    try:
        by_label = LabelSelector.parse(labels) if labels.strip() else None
    except SelectorError as error:
        raise status.bad_request(str(error)) from error
    try:
        by_field = FieldSelector.parse(fields) if fields.strip() else None
    except SelectorError as error:
        raise status.bad_request(str(error)) from error
    if by_field is not None:
        _check_fields(collection, by_field)
    return Selection(namespace, by_label, by_field)


def _check_fields(collection: Collection, selector: FieldSelector) -> None:
    known = (*_EVERYWHERE, *collection.field_paths)
    for path in selector.fields:
        if path not in known:
            if collection.builtin and not collection.field_paths:
                listed = ", ".join(f'"{known_path}"' for known_path in _EVERYWHERE)
                raise status.bad_request(f'"{path}" is not a known field selector: only {listed}')
            raise status.bad_request(f"field label not supported: {path}")
