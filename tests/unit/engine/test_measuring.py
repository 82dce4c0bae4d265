"""`metrics.prometheus` of workflows and templates: what is reported, when, and once each (§2.15, §3.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from argotui.engine.effects import EmitMetric, EndMetrics
from argotui.model.documents import Document

from .builders import POD, call, steps, worker, workflow
from .simulator import START, Outcome, Simulation


def metric(name: str = "m", kind: str = "counter", value: str = "1", **fields: Any) -> Document:
    own = {key: fields.pop(key) for key in ("realtime", "operation", "buckets") if key in fields}
    labels = [{"key": key, "value": text} for key, text in fields.pop("labels", {}).items()]
    return {
        "name": name,
        "help": "h",
        kind: {"value": value, **own},
        **({"labels": labels} if labels else {}),
        **fields,
    }


def measured(*metrics: Document, template: Document = POD) -> Document:
    return {**template, "metrics": {"prometheus": list(metrics)}}


def values(simulation: Simulation) -> list[tuple[str, float]]:
    return [(e.name, e.value) for e in simulation.effects if isinstance(e, EmitMetric) and e.since is None]


def complaint(simulation: Simulation) -> str:
    conditions = simulation.workflow["status"].get("conditions") or []
    return next((c["message"] for c in conditions if c["type"] == "MetricsError"), "")


@pytest.mark.parametrize("fresh", [False, True])
def test_a_template_reports_once_for_each_of_its_nodes(fresh: bool) -> None:
    pod = measured(metric(value="{{duration}}", kind="gauge", labels={"was": "{{status}}", "code": "{{exitCode}}"}))
    document = workflow(steps([call("a"), call("b")], call("c", when="false")), pod)
    simulation = Simulation(document, lambda node: Outcome(seconds=3 if node.endswith("a") else 5), fresh=fresh).play()
    found = sorted(values(simulation))
    assert [name for name, _ in found] == ["m", "m"]
    assert found[0][1] < found[1][1]
    effect = next(e for e in simulation.effects if isinstance(e, EmitMetric))
    assert effect.labels == (("code", "0"), ("was", "Succeeded"))
    assert not any(isinstance(e, EndMetrics) for e in simulation.effects)


@pytest.mark.parametrize(
    ("outcome", "text", "value"),
    [
        (Outcome(outputs={"parameters": [{"name": "o", "value": "2.5"}]}), "{{outputs.parameters.o}}", 2.5),
        (Outcome(), "{{inputs.parameters.i}}", 7.0),
        (Outcome(), "{{=asInt(inputs.parameters.i) * 2}}", 14.0),
        (Outcome(), "{{resourcesDuration.cpu}}", 0.0),
    ],
)
def test_variables(outcome: Outcome, text: str, value: float) -> None:
    template = measured(metric(value=text), template=worker("work", "i", outputs=("o",)))
    document = workflow(steps(call("a", "work", i="7")), template)
    simulation = Simulation(document, lambda _node: outcome).play()
    assert (values(simulation), complaint(simulation)) == ([("m", value)], "")


@pytest.mark.parametrize(
    ("when", "code", "count"), [("{{status}} == Succeeded", 0, 1), ("{{status}} == Succeeded", 1, 0)]
)
def test_a_condition(when: str, code: int, count: int) -> None:
    document = workflow(steps(call("a")), measured(metric(when=when)))
    assert len(values(Simulation(document, lambda _node: Outcome(exit_code=code)).play())) == count


@pytest.mark.parametrize("fresh", [False, True])
def test_every_attempt_counts_once(fresh: bool) -> None:
    pod = measured(metric(labels={"was": "{{status}}"}), template={**POD, "retryStrategy": {"limit": 2}})
    outcomes = {"wf[0].a(0)": 1, "wf[0].a(1)": 1, "wf[0].a(2)": 0}
    simulation = Simulation(
        workflow(steps(call("a")), pod), lambda node: Outcome(exit_code=outcomes[node]), fresh=fresh
    )
    simulation.play()
    found = [dict(e.labels)["was"] for e in simulation.effects if isinstance(e, EmitMetric)]
    assert found == ["Failed", "Failed", "Succeeded"]


@pytest.mark.parametrize("fresh", [False, True])
def test_the_workflow_reports_at_its_end(fresh: bool) -> None:
    own = metric("w", "histogram", "{{workflow.duration}}", labels={"was": "{{workflow.status}}"}, buckets=[9, 1])
    document = workflow(steps(call("a")), metrics={"prometheus": [own]})
    simulation = Simulation(document, lambda _node: Outcome(seconds=4, exit_code=1), fresh=fresh).play()
    effects = [e for e in simulation.effects if isinstance(e, EmitMetric)]
    assert len(effects) == 1
    assert (effects[0].kind, effects[0].labels, effects[0].buckets) == ("histogram", (("was", "Failed"),), (1.0, 9.0))
    assert effects[0].value >= 4


def test_gauges_in_real_time_follow_the_clock_until_the_end() -> None:
    pod = measured(metric("node", "gauge", "{{duration}}", realtime=True))
    own = metric("flow", "gauge", "{{ workflow.duration }}", realtime=True)
    document = workflow(steps(call("a")), pod, metrics={"prometheus": [own]})
    simulation = Simulation(document, lambda _node: Outcome(seconds=60))
    simulation.play(until=lambda: bool(simulation.pods))
    begun = {e.name: e.since for e in simulation.effects if isinstance(e, EmitMetric)}
    assert begun == {"flow": START, "node": START}
    simulation.reload()
    simulation.play()
    ended = {e.name: e for e in simulation.effects if isinstance(e, EmitMetric) and e.until is not None}
    assert ended.keys() == {"flow", "node"}
    node = ended["node"]
    assert node.since is not None
    assert node.until is not None
    assert node.until - node.since >= timedelta(seconds=60)
    assert isinstance(simulation.effects[-1], EndMetrics) or any(isinstance(e, EndMetrics) for e in simulation.effects)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (
            metric(value="{{outputs.parameters.no}}"),
            "unable to substitute parameters for metric 'm': failed to resolve",
        ),
        (metric(value="many"), "could not construct metric 'm': strconv.ParseFloat: parsing \"many\": invalid syntax"),
        (metric(when="1 =="), "unable to compute 'when' clause for metric 'wf': "),
        (metric(kind="gauge", value="5", realtime=True), "real time metrics can only be used with metric variables"),
        (
            metric(kind="gauge", value="{{exitCode}}", realtime=True),
            "'exitCode' is not available as a real time metric",
        ),
        ({"name": "m", "help": "h"}, "could not construct metric 'm': invalid metric spec"),
    ],
)
def test_what_cannot_be_reported_is_told_and_harms_nobody(wrong: Document, text: str) -> None:
    document = workflow(steps(call("a"), call("b")), measured(wrong, metric("good")))
    simulation = Simulation(document).play()
    assert simulation.phase == "Succeeded"
    assert text in complaint(simulation)
    assert [name for name, _ in values(simulation)] == ["good", "good"]


def test_a_name_that_tags_make_wrong() -> None:
    document = workflow(steps(call("a")), metrics={"prometheus": [metric("{{workflow.name}}-x")]})
    assert "could not construct metric 'wf-x': metric name is invalid" in complaint(Simulation(document).play())


def test_a_metric_is_reported_only_once_its_cause_is_stored() -> None:
    losses = iter([False] * 3 + [True] * 4)
    document = workflow(steps(call("a"), call("b")), measured(metric()))
    simulation = Simulation(document)
    simulation.lose = lambda: next(losses, False)
    simulation.play()
    assert values(simulation) == [("m", 1.0), ("m", 1.0)]
