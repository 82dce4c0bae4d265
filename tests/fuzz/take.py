"""What becomes of a text: the way from a file through reading, checking and advice into a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from argotui.engine.advice import advise
from argotui.engine.config import EngineConfig
from argotui.engine.effects import CreatePod, Effect
from argotui.engine.facts import Fact, PodChanged, Tick
from argotui.engine.run import Run
from argotui.engine.validate import validate
from argotui.model import documents
from argotui.model.documents import Document, clone
from argotui.model.manifest import read_manifests, unsupported
from argotui.model.problem import ManifestError, Problem
from argotui.model.times import format_time
from tests.unit.engine.simulator import Objects

CONFIG = EngineConfig(namespace="argo")
START = datetime(2030, 1, 1, tzinfo=UTC)
STEPS = 5
PODS = 50
"""Pods of a step that come to an end before the next one."""
ENOUGH = 500
"""Effects and nodes after which a run is believed: what thousands of pods take is no manifest's fault."""
REFUSED, RUN = "refused", "run"
_TYPES = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow")


def take(text: str) -> str:
    """`refused` or `run`. Raises AssertionError for an error without a place, and whatever was not foreseen."""
    try:
        found = read_manifests(text, "f.yaml")
    except ManifestError as error:
        _check_told(error.problems)
        return REFUSED
    objects = Objects.of(manifest.document for manifest in found if not manifest.faults)
    ran = False
    for manifest in found:
        for fault in manifest.faults:
            assert fault.line is not None or manifest.root is None, str(fault)
        if not manifest.checkable or manifest.kind not in _TYPES:
            continue
        findings = validate(manifest.document, objects)
        refused = unsupported(manifest.document)
        for path in (*(finding.path for finding in findings), *(path for path, _ in refused)):
            assert manifest.root is None or manifest.locate(path)[0], path
        if manifest.faults:
            continue
        for advice in advise(manifest.document):
            assert manifest.root is None or manifest.locate(advice.path)[0], advice
        if manifest.kind == "Workflow":
            # also what is wrong: the controller reads objects that nobody checked before
            _run(manifest.document, objects)
            ran = ran or not (findings or refused)
    return RUN if ran else REFUSED


def _check_told(problems: tuple[Problem, ...]) -> None:
    assert problems
    for problem in problems:
        assert problem.source == "f.yaml"
        assert problem.message
        str(problem).encode("utf-8", "surrogatepass")


def _run(document: Document, objects: Objects) -> None:
    workflow = _stored(document)
    now = START
    run = Run.load(workflow, CONFIG, objects)
    facts: list[Fact] = []
    done = 0
    for _ in range(STEPS):
        step = run.advance(facts, now, bytes(32))
        done += len(step.effects) + len((step.changes.get("status") or {}).get("nodes") or {})
        if done > ENOUGH:
            break
        now += timedelta(seconds=20)
        facts = [*_ended(step.effects, now), Tick()]
    phase = (run.workflow.get("status") or {}).get("phase")
    assert phase or done, "a workflow that was looked at has a phase, or has asked for something"


def _stored(document: Document) -> Document:
    stored: Document = clone(document)
    metadata = stored["metadata"]
    metadata["name"] = metadata.get("name") or "fuzz"
    metadata.update(namespace="argo", uid="uid", creationTimestamp=format_time(START))
    return stored


def _ended(effects: Iterable[Effect], now: datetime) -> Iterable[Fact]:
    pods = [effect.pod for effect in effects if isinstance(effect, CreatePod)]
    for index, pod in enumerate(pods[:PODS]):
        code = index % 2
        ended = {"terminated": {"exitCode": code, "startedAt": format_time(now), "finishedAt": format_time(now)}}
        statuses = [{"name": container["name"], "state": ended} for container in pod["spec"]["containers"]]
        pod = clone(pod)
        pod["metadata"] |= {"uid": f"uid-{documents.name(pod)}", "creationTimestamp": format_time(now)}
        pod["status"] = {"phase": "Failed" if code else "Succeeded", "containerStatuses": statuses}
        yield PodChanged(pod)
