"""Messages of failures that may go away by themselves (`retryPolicy: OnTransientError`, §8.9).

A node keeps only the text of its failure, so the kinds of error that upstream tells by their type
(a full quota, a refused connection) do not count here, as they do not count there.
"""

from __future__ import annotations

import re
from typing import Final

_TEXTS: Final = (
    "Connection closed by foreign host",
    "net/http: TLS handshake timeout",
    "i/o timeout",
    "connection timed out",
    "connection reset by peer",
    "etcdserver: leader changed",
    "etcdserver: request timed out",
    "etcdserver: too many requests",
    "client rate limiter Wait returned an error",
)


def looks_transient(message: str, pattern: str = "") -> bool:
    """pattern: a regular expression of the operator's own, empty for none (TRANSIENT_ERROR_PATTERN)."""
    if any(text in message for text in _TEXTS):
        return True
    return bool(pattern and re.search(pattern, message))
