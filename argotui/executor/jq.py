"""jqFilter of resource templates (§5.3): jq in a helper process that ends, or is ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from pathlib import Path
from typing import Any, Final

from argotui.engine.gojson import exact
from argotui.executor import jqworker

SECONDS: Final = 20.0
"""How long a filter may take, the start of its process on a busy machine included."""

_OUTPUT_BYTES: Final = jqworker.RESULT_BYTES + 65536
_WORKER: Final = str(Path(jqworker.__file__))


class JqError(Exception):
    """A filter that cannot be read, has failed, or took too long."""


async def jq_filter(program: str, document: Any, seconds: float = SECONDS) -> str:
    """The results one per line, texts as they are and the rest as Go's JSON, without blanks at both ends.

    Raises JqError.
    """
    return joined(await _results(program, document, seconds))


def joined(results: list[Any]) -> str:
    """Results as upstream stores them. Raises JqError."""
    try:
        return "\n".join(value if isinstance(value, str) else exact(value) for value in results).strip()
    except ValueError as error:
        raise JqError(str(error)) from None


async def _results(program: str, document: Any, seconds: float) -> list[Any]:
    asked = json.dumps({"filter": program, "data": json.dumps(_floats(document), sort_keys=True)})
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", _WORKER,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={}, cwd="/", limit=_OUTPUT_BYTES,
    )  # fmt: skip
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate(asked.encode())
    except TimeoutError:
        raise JqError(f"the filter took more than {seconds:g} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return _read(output)


def _read(output: bytes) -> list[Any]:
    try:
        lines = [json.loads(line) for line in output.splitlines()]
    except (ValueError, RecursionError):
        raise JqError("the results cannot be read") from None
    last = lines[-1] if lines else {}
    if "error" in last:
        raise JqError(str(last["error"]).splitlines()[0].removeprefix("jq: error: "))
    if "end" not in last:
        raise JqError("the filter needs too much memory")
    return [line["value"] for line in lines[:-1]]


def _floats(value: Any) -> Any:
    """All numbers as float64, as Go decodes them; whole ones that a float can tell apart stay as they are."""
    if isinstance(value, dict):
        return {key: _floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_floats(item) for item in value]
    if isinstance(value, int) and abs(value) >= 2**53:
        return float(value)
    return value
