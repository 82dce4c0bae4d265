"""`pod.json` in a pod's directory: what has to be known of a pod without the API server."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from argotui.model import documents
from argotui.model.documents import Document

_NAME = "pod.json"


@dataclass(frozen=True)
class PodFile:
    """Written once, when a kubelet takes the pod up; its time is the pod's startTime."""

    namespace: str
    name: str
    runtime: str
    started_at: datetime

    @classmethod
    def read(cls, directory: Path) -> PodFile | None:
        """None when there is none yet."""
        path = directory / _NAME
        try:
            known = json.loads(path.read_text())
            moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            return cls(str(known["namespace"]), str(known["name"]), str(known["runtime"]), moment)
        except (OSError, ValueError, KeyError):
            return None

    @classmethod
    def keep(cls, directory: Path, pod: Document, runtime: str) -> PodFile:
        """Reads it, or writes it with the runtime that the pod is going to be run with."""
        known = cls.read(directory)
        if known is not None:
            return known
        (directory / "containers").mkdir(mode=0o700, parents=True, exist_ok=True)
        text = {"namespace": documents.namespace(pod), "name": documents.name(pod), "runtime": runtime}
        temporary = directory / f"{_NAME}.new"
        temporary.write_text(json.dumps(text))
        with contextlib.suppress(FileNotFoundError):
            temporary.replace(directory / _NAME)
        return cls.read(directory) or cls(text["namespace"], text["name"], runtime, datetime.now(UTC))
