"""Custom resources: what their definition's schema says."""

from __future__ import annotations

from argotui.local.apiserver.fields.shapes import described
from argotui.local.apiserver.listtypes import duplicates, has_list_types
from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.strategies.strategy import Strategy
from argotui.local.apiserver.structural import Pruner, Validator, has_rules
from argotui.model.documents import Document
from argotui.model.schema_rules import check_rules

_HEAD = ("apiVersion", "kind", "metadata")
_UNCHECKED = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing"
    " errors to complete validation",
    "<nil>",
)


class CustomStrategy(Strategy):
    """Prunes, defaults and validates by the schema.

    Parts of the object that its schema leaves open (the status of a workflow) and parts that an update
    did not change are not looked at: the one would change nothing, the other was checked before.
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        schema = collection.schema() or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        properties = schema.get("properties") or {}
        self._open = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        self._pruners = {key: Pruner.of(child) for key, child in properties.items() if key not in _HEAD}
        self._schema = {key: child for key, child in properties.items() if key not in _HEAD}
        self._required = [key for key in schema.get("required", ()) if key not in _HEAD]
        self._has_rules = has_rules(schema)
        self._lists = described(schema) if has_list_types(schema) else None
        self._validators: dict[frozenset[str], Validator] = {}

    def shape(self, document: Document, old: Document | None) -> tuple[list[str], list[Cause]]:
        """See Strategy."""
        unknown: list[str] = []
        changed = [key for key in document if key not in _HEAD and (old is None or document[key] != old.get(key))]
        for key in changed:
            pruner = self._pruners.get(key)
            if pruner is not None:
                if not pruner.idle:
                    pruner.walk(document[key], key, unknown)
            elif not self._open:
                unknown.append(key)
                del document[key]
        causes = self._validate(document, frozenset(changed), new=old is None)
        if causes and self._has_rules:
            causes.append(_UNCHECKED)
        return unknown, causes

    def _validate(self, document: Document, keys: frozenset[str], *, new: bool) -> list[Cause]:
        part = {key: document[key] for key in keys if key in document}
        missing = [key for key in self._required if key not in document]
        causes = [Cause("FieldValueRequired", "Required value", key) for key in missing]
        checked = frozenset(key for key in part if key in self._schema)
        if not checked:
            return causes
        validator = self._validators.get(checked)
        if validator is None:
            properties = {key: self._schema[key] for key in checked}
            validator = self._validators[checked] = Validator({"type": "object", "properties": properties})
        return causes + validator.causes({key: part[key] for key in checked})

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        found = [] if self._lists is None else list(duplicates(self._lists, document))
        for path, message in check_rules(document):
            # without the value's type, which Kubernetes told before 1.35
            found.append(Cause("FieldValueInvalid", f"Invalid value: {message}", path))
        return found
