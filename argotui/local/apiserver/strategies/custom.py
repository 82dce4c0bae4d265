"""Custom resources: what their definition's schema says."""

from __future__ import annotations

from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.strategies.strategy import Strategy
from argotui.model.documents import Document


class CustomStrategy(Strategy):
    """See the module."""

    def shape(self, document: Document) -> tuple[list[str], list[Cause]]:
        """See Strategy."""
        return [], []
