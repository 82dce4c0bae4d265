"""Finds the stylesheets: beside the sources in a checkout, inside the package in a wheel."""

from __future__ import annotations

from pathlib import Path, PurePath

_PACKAGE = Path(__file__).parents[1]


def directory() -> Path:
    """The folder `styles`."""
    installed = _PACKAGE / "styles"
    return installed if installed.is_dir() else _PACKAGE.parent / "styles"


def stylesheets() -> list[str | PurePath]:
    """All stylesheets, the variables and frames of `base.tcss` first."""
    root = directory()
    return [root / "base.tcss", *sorted((root / "widgets").glob("*.tcss")), *sorted((root / "screens").glob("*.tcss"))]
