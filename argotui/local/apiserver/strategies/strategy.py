"""What every kind answers about its objects."""

from __future__ import annotations

from abc import ABC, abstractmethod

from argotui.local.apiserver.served import Collection
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.typed import Walk
from argotui.model.documents import Document


class Strategy(ABC):  # what is not abstract here is right for a kind without such rules
    """Rules of one collection. `old` is the object before an update, None for a new one."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    @abstractmethod
    def shape(self, document: Document, old: Document | None) -> tuple[list[str], list[Cause]]:
        """Drops what the kind does not have; returns (unknown fields, what is missing or of a wrong type).

        Raises StatusError 400 for what Go could not decode.
        """

    def complete(self, document: Document, old: Document | None) -> None:
        """Fills in defaults, in place."""
        del document, old

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """What is wrong with the object."""
        return []

    def warnings(self, document: Document, old: Document | None) -> list[str]:
        """What the client should be told although the object is stored."""
        return []


class TypedStrategy(Strategy):
    """A kind of Kubernetes' own, with the types that `types.json` tells."""

    def shape(self, document: Document, old: Document | None) -> tuple[list[str], list[Cause]]:
        """See Strategy."""
        walk = Walk(self.collection.resource.kind, self.collection.resource.version)
        walk.document(document)
        return walk.unknown, walk.causes


def invalid(path: str, value: str, why: str) -> Cause:
    """A value that breaks a rule; `value` as Go prints it."""
    return Cause("FieldValueInvalid", f"Invalid value: {value}: {why}", path)


def required(path: str, why: str = "") -> Cause:
    """A value that is missing."""
    return Cause("FieldValueRequired", f"Required value: {why}" if why else "Required value", path)


def unsupported(path: str, value: str, choices: tuple[str, ...]) -> Cause:
    """A value that is none of the choices."""
    listed = ", ".join(f'"{choice}"' for choice in choices)
    return Cause("FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {listed}', path)


def duplicate(path: str, value: str) -> Cause:
    """A value that has to be unique and is not."""
    return Cause("FieldValueDuplicate", f'Duplicate value: "{value}"', path)


def forbidden(path: str, why: str) -> Cause:
    """A change that is not allowed."""
    return Cause("FieldValueForbidden", f"Forbidden: {why}", path)
