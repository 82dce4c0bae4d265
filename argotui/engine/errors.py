"""The one exception that ends a node or a workflow."""

from __future__ import annotations


class EngineError(Exception):
    """Something in a workflow cannot be carried out; the text becomes a node's or the workflow's message."""


class NodeTimeout(EngineError):
    """A template's `timeout` passed while its node was still pending: Failed instead of Error."""


class DepthExceeded(EngineError):
    """Templates call each other more deeply than allowed: the node is an Error, its group goes on."""
