"""Parts of rows that printers share."""

from __future__ import annotations

from dataclasses import dataclass

from argotui.model.documents import Document


@dataclass(frozen=True)
class Moment:
    """A cell that shows how long ago something was; `wording` has the place of the age."""

    text: str
    wording: str = "{}"


def age(document: Document) -> Moment:
    """How old the object is."""
    return Moment(document["metadata"].get("creationTimestamp", ""))
