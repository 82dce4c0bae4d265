"""CustomResourceDefinitions as objects."""

from __future__ import annotations

from argotui.local.apiserver.strategies.strategy import TypedStrategy


class DefinitionStrategy(TypedStrategy):
    """See the module."""
