"""Splitting a byte stream into lines of any length: the standard readers give up at 64 KiB or 4 MiB."""

from collections.abc import AsyncIterable, AsyncIterator


async def split_lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Non-empty lines without their newline. A last line without newline was cut off and is dropped."""
    pending: list[bytes] = []
    async for chunk in chunks:
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            pending.append(chunk[start:end])
            start = end + 1
            line = pending[0] if len(pending) == 1 else b"".join(pending)
            pending.clear()
            if line.strip():
                yield line
        if start < len(chunk):
            pending.append(chunk[start:])
