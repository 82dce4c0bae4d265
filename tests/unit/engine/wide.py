"""Wide workflows, and what their pods tell."""

from __future__ import annotations

from typing import Any

from argotui.engine.facts import Fact, PodChanged, TaskResultChanged
from argotui.model.documents import Document, annotations
from argotui.model.keys import ANNOTATION_NODE_ID, LABEL_REPORT_OUTPUTS_COMPLETED
from argotui.model.times import format_time

from .builders import workflow
from .simulator import START

LEAF: Document = {
    "name": "work",
    "inputs": {"parameters": [{"name": "x"}]},
    "script": {"image": "alpine", "command": ["sh"], "source": "echo {{inputs.parameters.x}}"},
}


def fan_out(items: int, kind: str = "steps") -> Document:
    """A loop of so many pods, whose results the next step or task takes."""
    each = {"parameters": [{"name": "x", "value": "{{item}}"}]}
    whole = {"parameters": [{"name": "x", "value": f"{{{{{'tasks' if kind == 'dag' else kind}.a.outputs.result}}}}"}]}
    a = {"name": "a", "template": "work", "arguments": each, "withSequence": {"count": str(items)}}
    b = {"name": "b", "template": "work", "arguments": whole}
    body: Document = {"steps": [[a], [b]]} if kind == "steps" else {"dag": {"tasks": [a, {**b, "dependencies": ["a"]}]}}
    return workflow({"name": "main", **body}, LEAF)


def seen(pod: Document, state: str) -> Fact:
    """The pod with both its containers in this state: `running` or `terminated`."""
    moment = format_time(START)
    times: dict[str, Any] = {"startedAt": moment}
    if state == "terminated":
        times |= {"finishedAt": moment, "exitCode": 0}
    statuses = [{"name": name, "state": {state: times}} for name in ("main", "wait")]
    phase = "Running" if state == "running" else "Succeeded"
    return PodChanged({**pod, "status": {"phase": phase, "containerStatuses": statuses}})


def reported(pod: Document, done: bool) -> Fact:
    """The task result of the pod."""
    labels = {LABEL_REPORT_OUTPUTS_COMPLETED: "true" if done else "false"}
    name = annotations(pod)[ANNOTATION_NODE_ID]
    return TaskResultChanged({"metadata": {"name": name, "labels": labels}, "outputs": {"result": "7"} if done else {}})
