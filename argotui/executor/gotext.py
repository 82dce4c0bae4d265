"""Texts of errors as Go prints them, since that is what upstream's messages are made of."""

from __future__ import annotations

import os

from argotui.engine.gotext import quote


def errno_text(number: int) -> str:
    """`no such file or directory` for ENOENT: the C library's text in Go's spelling."""
    text = os.strerror(number)
    return text[:1].lower() + text[1:]


def not_in_path(name: str) -> str:
    """What Go says of a program that no directory of PATH holds."""
    return f"exec: {quote(name)}: executable file not found in $PATH"


def not_runnable(name: str, number: int, during: str = "") -> str:
    """What Go says of a program that was named by its path and cannot be run."""
    why = f"{during} {name}: {errno_text(number)}" if during else errno_text(number)
    return f"exec: {quote(name)}: {why}"
