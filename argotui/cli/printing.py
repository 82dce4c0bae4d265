"""Documents and tables as text."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

_LOOKS_OTHER = re.compile(
    r"[-+]?\.?\d.*|[-+]?\.(?:inf|nan)|~|=|<<|null|y|n|yes|no|on|off|true|false", re.IGNORECASE | re.DOTALL
)
"""Plain scalars that some YAML reader takes for something other than text."""


_ACTS_ON_TERMINALS = re.compile("[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What JSON may hold as it is, and what a terminal takes for a command or for a turn of the writing direction."""


def as_json(value: Any) -> str:
    """Indented JSON. Text as it is, but for what would act on a terminal: that is escaped, which changes no value."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _ACTS_ON_TERMINALS.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def as_yaml(value: Any) -> str:
    """YAML that every reader takes for the same data: what could be a number, a date or a boolean is quoted."""
    import yaml

    class Dumper(yaml.CSafeDumper):
        """Without anchors, and with its own rule for text."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def text(dumper: Any, data: str) -> Any:
        # libyaml itself falls back to quotes where a block would change the text
        style = "|" if "\n" in data else '"' if _LOOKS_OTHER.fullmatch(data) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    Dumper.add_representer(str, text)
    dumped: str = yaml.dump(
        value, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=10**6
    )
    return dumped.removesuffix("\n")


def print_documents(documents: Sequence[Any] | Any, output: str, stream: TextIO | None = None) -> None:
    """`-o json` and `-o yaml`: every byte of the documents, never neutralised."""
    out = sys.stdout if stream is None else stream
    print(as_json(documents) if output == "json" else as_yaml(documents), file=out)


def cells(text: str) -> int:
    """Columns that the text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(rows: Iterable[Sequence[str]], gap: int = 3) -> list[str]:
    """Rows as aligned lines; the last column is not padded. Colours are not counted: paint afterwards."""
    listed = [list(row) for row in rows]
    if not listed:
        return []
    widths = [max(cells(row[i]) for row in listed) for i in range(len(listed[0]))]
    lines = []
    for row in listed:
        padded = [text + " " * (width + gap - cells(text)) for text, width in zip(row[:-1], widths, strict=False)]
        lines.append(("".join(padded) + row[-1]).rstrip())
    return lines
