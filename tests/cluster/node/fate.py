"""What becomes of a pod."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any


@dataclass(frozen=True)
class Fate:
    """One pod's life.

    seconds: how long `main` runs, `inf` until somebody ends it. members: exit code and message of containers other
    than `main`. init: name and exit code of the init container that fails. outputs: what there is to report.
    unscheduled: no node ever takes it. image: the reason why its image is not pulled, such as ImagePullBackOff.
    oom: `main` is killed for its memory. evicted: the node needs its memory back. report_after: seconds from the end
    of `main` to the report; `inf` when the executor is killed before it reports.
    """

    seconds: float = 0.1
    exit_code: int = 0
    message: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    pod_message: str = ""
    wait_code: int = 0
    wait_message: str = ""
    members: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    init: tuple[str, int] | None = None
    ready: bool = True
    unscheduled: bool = False
    image: str = ""
    oom: bool = False
    evicted: bool = False
    report_after: float = 0.0

    @property
    def reports(self) -> bool:
        """Whether the executor ever says what came of the step."""
        return self.report_after != inf


Script = Callable[[str, str], Fate]
"""What becomes of a pod: name of the workflow, name of the node."""
