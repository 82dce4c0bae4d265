"""What the API server and the kubelet say to each other while a command runs in a container.

A frame is a channel, the number of bytes, and the bytes. After the request, a line of JSON, the kubelet answers with
a line too, and from then on both send frames until the one that tells how the command ended.
"""

from __future__ import annotations

import asyncio
import struct
from enum import IntEnum

_HEAD = struct.Struct(">BI")
_MAX_BYTES = 1 << 20
PIECE_BYTES = 32 * 1024


class Channel(IntEnum):
    """The numbers that Kubernetes gives the streams (remotecommand), and one for the end of stdin."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ENDED = 3
    """JSON: `code`, or `error`."""
    RESIZE = 4
    """JSON: `Width` and `Height`."""
    STDIN_CLOSED = 255


def frame(channel: Channel, data: bytes = b"") -> bytes:
    """One frame."""
    return _HEAD.pack(channel, len(data)) + data


async def read_frame(reader: asyncio.StreamReader) -> tuple[Channel, bytes]:
    """The next frame. Raises EOFError at the end of the stream, ValueError for what is no frame."""
    channel, size = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if size > _MAX_BYTES:
        raise ValueError(f"a frame of {size} bytes")
    return Channel(channel), await reader.readexactly(size)
