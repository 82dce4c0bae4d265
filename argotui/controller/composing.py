"""Joining JSON merge patches (RFC 7386), so that many small changes become one write."""

from collections.abc import Mapping
from typing import Any

from argotui.model.documents import Document


class NotComposable(Exception):
    """The second patch fills an object that the first one removes: one merge patch cannot say that."""


def compose(first: Mapping[str, Any], second: Mapping[str, Any]) -> Document:
    """A patch with the effect of `first`, then `second`. Neither is changed. Raises NotComposable."""
    result = dict(first)
    for key, value in second.items():
        if isinstance(value, dict) and key in result:
            before = result[key]
            if not isinstance(before, dict):
                raise NotComposable(key)
            result[key] = compose(before, value)
        else:
            result[key] = value
    return result


class PatchQueue:
    """Patches in the order they are to be written, joined as far as possible."""

    def __init__(self) -> None:
        self._patches: list[Document] = []

    def __bool__(self) -> bool:
        return bool(self._patches)

    def add(self, patch: Document) -> None:
        """Appends; an empty patch changes nothing."""
        if not patch:
            return
        if not self._patches:
            self._patches.append(patch)
            return
        try:
            self._patches[-1] = compose(self._patches[-1], patch)
        except NotComposable:
            self._patches.append(patch)

    def take(self) -> Document:
        """Removes and returns the next one."""
        return self._patches.pop(0)

    def put_back(self, patch: Document) -> None:
        """Undoes `take`, when the write did not happen."""
        rest, self._patches = self._patches, []
        for each in (patch, *rest):
            self.add(each)

    def clear(self) -> None:
        """Drops all."""
        self._patches.clear()
