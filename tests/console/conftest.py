"""Options of the console's tests."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--screenshots` writes screenshots/ instead of comparing with it."""
    parser.addoption("--screenshots", action="store_true", help="write screenshots/ anew")
