"""The helper process that runs one jq filter: a JSON object {filter, data} on stdin, JSON lines on stdout.

The last line is {"end": true} or {"error": text}; without it the helper has died. It imports nothing of argotui,
for it is started for each filter, and it knows nothing that a filter could find: no environment, no modules.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
from typing import Any

MEMORY = 512 * 1024 * 1024
RESULT_BYTES = 2 * 1024 * 1024
_EACH_BYTES = 64
"""What a result costs beside its text: many small ones take long, too."""

# What gojq, which upstream runs, does not have or does not allow; and key order, which jq leaves as it was.
# A definition before the filter also means that the filter cannot import modules.
_REFUSED = {
    "keys_unsorted": "",
    "debug": "",
    "debug(m)": "",
    "stderr": "",
    "have_literal_numbers": "",
    "have_decnum": "",
    "get_search_list": "",
    "modulemeta": "",
    "input_line_number": "",
    "input_filename": "",
    "input": "input(s)/0 is not allowed",
    "inputs": "input(s)/0 is not allowed",
}


def _not_defined(name: str) -> str:
    return f"function not defined: {name.partition('(')[0]}/{1 if '(' in name else 0}"


PRELUDE = "".join(f"def {name}: error({json.dumps(why or _not_defined(name))}); " for name, why in _REFUSED.items()) + (
    "def to_entries: [keys[] as $key | {key: $key, value: .[$key]}]; "
    "def with_entries(f): to_entries | map(f) | from_entries; "
)


def main() -> None:
    """One filter, then the end of the process."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ.clear()  # Python itself sets a locale
    asked = json.load(sys.stdin)
    try:
        _run(asked["filter"], asked["data"])
    except (ValueError, MemoryError, RecursionError) as error:
        _say({"error": str(error) or type(error).__name__})
    else:
        _say({"end": True})


def _run(text: str, data: str) -> None:
    import jq

    left = RESULT_BYTES
    for value in jq.compile(PRELUDE + text).input_text(data):
        _check(value)
        line = json.dumps({"value": value})
        left -= len(line) + _EACH_BYTES
        if left < 0:
            raise ValueError("the results are too large")
        sys.stdout.write(line + "\n")


def _check(value: Any) -> None:
    """jq prints infinity as the largest number; Go refuses to print it."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, float) and abs(item) >= sys.float_info.max:
            raise ValueError(f"json: unsupported value: {'+' if item > 0 else '-'}Inf")
        if isinstance(item, float) and math.isnan(item):
            raise ValueError("json: unsupported value: NaN")
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
