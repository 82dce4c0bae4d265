"""Templates from other objects and from within steps: what is looked up where, stored once, and shown on nodes."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.engine.config import EngineConfig
from argotui.model.documents import Document, labels

from .builders import POD, call, dag, steps, worker, workflow
from .simulator import Objects, Outcome, Simulation


def library(name: str, *templates: Document, cluster: bool = False, **spec: Any) -> Document:
    kind = "ClusterWorkflowTemplate" if cluster else "WorkflowTemplate"
    metadata = {"name": name} if cluster else {"name": name, "namespace": "argo"}
    return {"kind": kind, "metadata": metadata, "spec": {"templates": list(templates), **spec}}


def ref(name: str, resource: str, template: str, cluster: bool = False, **fields: Any) -> Document:
    reference = {"name": resource, "template": template, **({"clusterScope": True} if cluster else {})}
    found = call(name, **fields)
    del found["template"]
    return {**found, "templateRef": reference}


def inline(name: str, template: Document, **fields: Any) -> Document:
    found = call(name, **fields)
    del found["template"]
    return {**found, "inline": template}


def arguments(simulation: Simulation) -> list[list[str]]:
    return [pod["spec"]["containers"][1].get("args") for pod in simulation.created]


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("cluster", [False, True])
def test_bare_names_are_looked_up_where_their_template_comes_from(cluster: bool, fresh: bool) -> None:
    inner = steps(call("own", "work"), call("other", "only-there"), name="outer")
    there = library("lib", inner, worker("work"), worker("only-there"), cluster=cluster)
    document = workflow(steps(ref("s", "lib", "outer", cluster)), worker("work"))
    simulation = Simulation(document, objects=Objects.of([there]), fresh=fresh).play()
    assert simulation.phase == "Succeeded"
    scope = "cluster/lib" if cluster else "namespaced/lib"
    assert sorted(simulation.workflow["status"]["storedTemplates"]) == [
        f"{scope}/only-there", f"{scope}/outer", f"{scope}/work",
    ]  # fmt: skip
    nodes = simulation.nodes
    assert nodes["wf[0].s"]["templateScope"] == "local/wf"
    assert "templateName" not in nodes["wf[0].s"]
    assert nodes["wf[0].s"]["templateRef"]["template"] == "outer"
    assert nodes["wf[0].s[0].own"]["templateScope"] == nodes["wf[0].s[0]"]["templateScope"] == scope


def test_an_edit_of_a_template_comes_too_late_for_what_was_used_already() -> None:
    first = worker("work")
    first["container"]["args"] = ["first"]
    there = library("lib", first)
    document = workflow(steps(ref("a", "lib", "work"), ref("b", "lib", "work"), ref("c", "lib", "new")))
    objects = Objects.of([library("lib", first, worker("new"))])
    simulation = Simulation(document, objects=objects, fresh=True)
    simulation.play(until=lambda: "wf[0].a" in simulation.nodes)
    second, new = worker("work"), worker("new")
    second["container"]["args"], new["container"]["args"] = ["second"], ["edited"]
    objects.templates["argo", "lib"] = library("lib", second, new)
    simulation.play()
    assert arguments(simulation) == [["first"], ["first"], ["edited"]]
    assert there["spec"]["templates"][0] == first


def test_a_template_that_is_gone_in_the_middle_is_an_error_of_its_step() -> None:
    document = workflow(steps(ref("a", "lib", "work"), ref("b", "lib", "other")))
    objects = Objects.of([library("lib", worker("work"), worker("other"))])
    simulation = Simulation(document, objects=objects)
    simulation.play(until=lambda: "wf[0].a" in simulation.nodes)
    objects.templates.clear()
    simulation.play()
    assert simulation.phase == "Failed"
    assert simulation.nodes["wf[1].b"]["phase"] == "Error"
    assert simulation.nodes["wf[1].b"]["message"] == "workflow template lib not found"


def test_what_this_version_does_not_run_is_refused_by_name() -> None:
    plugin = {"name": "work", "plugin": {"slack": {}}}
    simulation = Simulation(
        workflow(steps(ref("a", "lib", "work"))), objects=Objects.of([library("lib", plugin)])
    ).play()
    message = simulation.nodes["wf[0].a"]["message"]
    assert message.startswith("namespaced/lib/work: plugin: plugin templates are not supported")


@pytest.mark.parametrize("where", ["local", "referenced"])
def test_pod_metadata_fills_what_the_template_leaves_open(where: str) -> None:
    given = {"labels": {"a": "spec", "b": "spec"}, "annotations": {"note": "spec"}}
    work = {**worker("work"), "metadata": {"labels": {"a": "own"}}}
    if where == "local":
        document, objects = workflow(work, podMetadata=given), []
    else:
        document, objects = workflow(steps(ref("s", "lib", "work"))), [library("lib", work, podMetadata=given)]
    pod = Simulation(document, objects=Objects.of(objects)).play().created[0]
    assert {key: labels(pod)[key] for key in "ab"} == {"a": "own", "b": "spec"}
    assert pod["metadata"]["annotations"]["note"] == "spec"


def test_template_defaults_are_those_of_the_workflow() -> None:
    there = library("lib", worker("work"), templateDefaults={"container": {"workingDir": "/there"}})
    document = workflow(steps(ref("s", "lib", "work")), templateDefaults={"container": {"workingDir": "/here"}})
    pod = Simulation(document, objects=Objects.of([there])).play().created[0]
    assert pod["spec"]["containers"][1]["workingDir"] == "/here"


def test_a_reference_may_name_its_template_by_the_item() -> None:
    step = ref("s", "lib", "{{item}}")
    document = workflow(steps({**step, "withItems": ["one", "two"]}))
    objects = Objects.of([library("lib", worker("one"), worker("two"))])
    simulation = Simulation(document, objects=objects).play()
    assert sorted(pod["metadata"]["name"].rpartition("-")[0] for pod in simulation.created) == ["wf-one", "wf-two"]


def test_a_skipped_step_offers_the_defaults_of_the_template_it_refers_to() -> None:
    output = {"name": "p", "valueFrom": {"path": "/p", "default": "instead"}}
    made = {**worker("made"), "outputs": {"parameters": [output]}}
    shown = {"name": "x", "value": "{{steps.a.outputs.parameters.p}}"}
    use = {**call("use", "show"), "arguments": {"parameters": [shown]}}
    for step in (
        ref("a", "lib", "made", when="false"),
        inline("a", {k: made[k] for k in ("container", "outputs")}, when="false"),
    ):
        show = worker("show", "x")
        show["container"]["args"] = ["{{inputs.parameters.x}}"]
        document = workflow(steps(step, use), show)
        simulation = Simulation(document, objects=Objects.of([library("lib", made)])).play()
        assert arguments(simulation) == [["instead"]], simulation.nodes


@pytest.mark.parametrize("fresh", [False, True])
def test_inline_templates_of_a_loop_have_variables_of_their_own(fresh: bool) -> None:
    body = {
        "inputs": {"parameters": [{"name": "x"}]},
        "container": {"image": "alpine", "command": ["echo"], "args": ["{{inputs.parameters.x}} {{item}}"]},
    }
    document = workflow(dag(inline("t", body, withItems=["a", "b"], x="x-{{item}}")))
    simulation = Simulation(document, fresh=fresh).play()
    assert sorted(arguments(simulation)) == [["x-a a"], ["x-b b"]]
    assert [pod["metadata"]["name"].count("-") for pod in simulation.created] == [1, 1]  # no template name in it


def test_inline_templates_of_other_objects_are_stored_for_the_record() -> None:
    outer = steps(
        inline("in", {"container": {"image": "i", "command": ["c"], "args": ["{{inputs.parameters.x}}"]}}), name="outer"
    )
    outer["inputs"] = {"parameters": [{"name": "x"}]}
    document = workflow(steps([ref("a", "lib", "outer", x="1"), ref("b", "lib", "outer", x="2")]))
    simulation = Simulation(document, objects=Objects.of([library("lib", outer)])).play()
    assert "namespaced/lib/inline/in" in simulation.workflow["status"]["storedTemplates"]
    assert sorted(arguments(simulation)) == [["1"], ["2"]]  # each runs its own


@pytest.mark.parametrize("kind", ["onExit", "hooks"])
def test_exit_handlers_are_looked_up_where_their_step_stands(kind: str) -> None:
    handler = {"onExit": "bye"} if kind == "onExit" else {"hooks": {"exit": {"template": "bye"}}}
    outer = steps({**call("s", "work"), **handler}, name="outer")
    there = library("lib", outer, worker("work"), worker("bye"))
    simulation = Simulation(workflow(steps(ref("a", "lib", "outer"))), objects=Objects.of([there])).play()
    assert simulation.phase == "Succeeded"
    assert simulation.nodes["wf[0].a[0].s.onExit"]["templateScope"] == "namespaced/lib"


def test_exit_handlers_by_reference() -> None:
    there = library("lib", worker("bye"))
    hook = {"exit": {"templateRef": {"name": "lib", "template": "bye"}}}
    document = workflow(steps({**call("s"), "hooks": hook}), hooks=hook)
    simulation = Simulation(document, objects=Objects.of([there])).play()
    assert simulation.phase == "Succeeded"
    assert simulation.nodes["wf[0].s.onExit"]["templateRef"] == {"name": "lib", "template": "bye"}
    assert simulation.nodes["wf.onExit"]["templateRef"] == {"name": "lib", "template": "bye"}


def test_recursion_through_another_object_has_the_same_limit() -> None:
    again = steps(ref("again", "lib", "loop"), name="loop")
    simulation = Simulation(
        workflow(steps(ref("a", "lib", "loop"))), objects=Objects.of([library("lib", again)])
    ).play()
    assert simulation.is_complete
    assert any("Maximum recursion depth exceeded" in (node.get("message") or "") for node in simulation.nodes.values())


def test_a_workflow_of_a_template_uses_references_of_that_template() -> None:
    main = library("main", steps(ref("a", "lib", "work"), call("b")), POD, entrypoint="main")
    document = workflow()
    document["spec"] = {"workflowTemplateRef": {"name": "main"}}
    simulation = Simulation(document, objects=Objects.of([main, library("lib", worker("work"))])).play()
    assert simulation.phase == "Succeeded"
    assert sorted(simulation.workflow["status"]["storedTemplates"]) == [
        "namespaced/lib/work", "namespaced/main/main", "namespaced/main/pod",
    ]  # fmt: skip


def test_retries_of_a_referenced_template() -> None:
    work = {**worker("work"), "retryStrategy": {"limit": "1"}}
    codes = {"wf[0].a(0)": 1}
    simulation = Simulation(
        workflow(steps(ref("a", "lib", "work"))),
        lambda node: Outcome(exit_code=codes.get(node, 0)),
        objects=Objects.of([library("lib", work)]),
        config=EngineConfig(namespace="argo"),
    ).play()
    assert simulation.phase == "Succeeded"
    assert simulation.nodes["wf[0].a(1)"]["templateRef"] == {"name": "lib", "template": "work"}


# --- reference-only mode ----------------------------------------------------------------------


def referring(**spec: Any) -> Document:
    document = workflow()
    document["spec"] = {"workflowTemplateRef": {"name": "main"}, **spec}
    return document


def restricted(document: Document, mode: str, **play: Any) -> Simulation:
    objects = Objects.of([library("main", POD, entrypoint="pod")])
    return Simulation(
        document, objects=objects, config=EngineConfig(namespace="argo", template_referencing=mode), **play
    )


@pytest.mark.parametrize("mode", ["Strict", "Secure"])
@pytest.mark.parametrize(
    ("document", "message"),
    [
        (workflow(), "workflows must use workflowTemplateRef to be executed when the controller is in reference mode"),
        (referring(serviceAccountName="x"), "spec.serviceAccountName must not be set when"),
        (referring(podSpecPatch="{}"), "spec.podSpecPatch must not be set when"),
        (referring(artifactGC={"podSpecPatch": "x"}), "spec.artifactGC.podSpecPatch must not be set when"),
    ],
)
def test_what_a_workflow_must_not_say_in_reference_mode(document: Document, message: str, mode: str) -> None:
    simulation = restricted(document, mode).play()
    assert simulation.phase == "Error"
    assert simulation.workflow["status"]["message"].startswith(message)
    assert not simulation.created


@pytest.mark.parametrize("mode", ["Strict", "Secure"])
@pytest.mark.parametrize("fresh", [False, True])
def test_what_it_may_say(mode: str, fresh: bool) -> None:
    document = referring(entrypoint="pod", priority=1, activeDeadlineSeconds=600)
    assert restricted(document, mode, fresh=fresh).play().phase == "Succeeded"


@pytest.mark.parametrize(("mode", "phase"), [("Strict", "Succeeded"), ("Secure", "Error")])
def test_a_spec_that_changes_while_it_runs(mode: str, phase: str) -> None:
    simulation = restricted(referring(), mode)
    simulation.play(until=lambda: bool(simulation.pods))
    found = simulation.workflow
    simulation.change({**found, "spec": {**found["spec"], "priority": 7}})
    simulation.play()
    assert simulation.phase == phase
    if mode == "Secure":
        assert "may not change during execution" in simulation.workflow["status"]["message"]


@pytest.mark.parametrize("mode", ["", "Secure"])
def test_a_suspended_workflow_keeps_the_template_it_began_with(mode: str) -> None:
    simulation = restricted(referring(), mode)
    simulation.objects.templates["argo", "main"] = library("main", POD, worker("other"), entrypoint="pod")
    simulation.play(until=lambda: bool(simulation.pods))
    simulation.objects.templates["argo", "main"] = library("main", worker("other"), entrypoint="other")
    for suspend in (True, None):
        found = simulation.workflow
        simulation.change({**found, "spec": {**found["spec"], "suspend": suspend}})
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert simulation.workflow["status"]["storedWorkflowTemplateSpec"]["entrypoint"] == "pod"
