"""`$(NAME)` in commands, arguments and environment values, as Kubernetes expands it."""

from __future__ import annotations

from collections.abc import Mapping


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replaces `$(NAME)` where NAME is known. `$$` is one `$`, so `$$(NAME)` gives `$(NAME)`."""
    if "$" not in text:
        return text
    parts: list[str] = []
    position = 0
    while True:
        found = text.find("$", position)
        if found < 0 or found + 1 == len(text):
            parts.append(text[position:])
            return "".join(parts)
        parts.append(text[position:found])
        replaced, position = _one(text, found, variables)
        parts.append(replaced)


def _one(text: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    """What stands for the `$` at `at`, and where to go on."""
    following = text[at + 1]
    if following == "$":
        return "$", at + 2
    end = text.find(")", at) if following == "(" else -1
    if end < 0:
        return "$" + following, at + 2
    name = text[at + 2 : end]
    return variables.get(name, f"$({name})"), end + 1
