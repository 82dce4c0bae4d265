"""The refusal of an operation."""

from __future__ import annotations


class OperationRefused(Exception):
    """The operation does not apply to this object as it is; the text says why."""
