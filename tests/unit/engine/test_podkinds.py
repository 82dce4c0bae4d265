"""Pods with more than one container, daemons, and the time a pod may wait."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from argotui.engine.config import EngineConfig
from argotui.engine.effects import TerminatePod
from argotui.engine.facts import PodChanged

from .builders import call, dag, steps, worker, workflow
from .simulator import START, Objects, Outcome, Simulation


def states(simulation: Simulation) -> dict[str, tuple[str, str]]:
    """Phase and message by node name."""
    return {name: (node["phase"], node.get("message") or "") for name, node in simulation.nodes.items()}


def seconds(simulation: Simulation) -> float:
    return (simulation.now - START).total_seconds()


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(("allowed", "after"), [("30", 30), ("1m30s", 90)])
def test_a_pod_that_waits_longer_than_it_may(allowed: str, after: int, fresh: bool) -> None:
    work = worker("work", pendingTimeout=allowed)
    simulation = Simulation(workflow(work), lambda _node: Outcome(pending=True), fresh=fresh).play()
    assert states(simulation) == {"wf": ("Failed", "timeout")}
    assert after <= seconds(simulation) < after + 1
    assert [effect.name for effect in simulation.effects if isinstance(effect, TerminatePod)] == ["wf"]


def test_a_pod_that_runs_is_not_bounded_by_it() -> None:
    work = worker("work", pendingTimeout="1s")
    simulation = Simulation(workflow(work), lambda _node: Outcome(seconds=60)).play()
    assert simulation.phase == "Succeeded"
    assert "activeDeadlineSeconds" not in simulation.created[0]["spec"]


def test_a_timed_out_pod_is_followed_by_another_attempt() -> None:
    work = worker("work", pendingTimeout="5s", retryStrategy={"limit": "1"})
    simulation = Simulation(workflow(work), lambda node: Outcome(pending=node.endswith("(0)"))).play()
    assert simulation.phase == "Succeeded"
    assert states(simulation)["wf(0)"] == ("Failed", "timeout")


def test_a_pending_timeout_that_cannot_be_read() -> None:
    simulation = Simulation(workflow(steps(call("a", "work")), worker("work", pendingTimeout="soon"))).play()
    phase, message = states(simulation)["wf[0].a"]
    assert phase == "Error"
    assert message.startswith("invalid pendingTimeout format.")


def test_retries_go_to_other_hosts() -> None:
    work = worker("work", retryStrategy={"limit": "3", "affinity": {"nodeAntiAffinity": {}}})
    codes = {"wf(0)": 1, "wf(1)": 1}
    simulation = Simulation(workflow(work), lambda node: Outcome(exit_code=codes.get(node, 0))).play()
    assert [_avoided(pod) for pod in simulation.created] == [[], ["node"], ["node"]]


def _avoided(pod: dict[str, Any]) -> list[str]:
    affinity = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms") or ()
    return [value for term in terms for one in term["matchExpressions"] for value in one["values"]]


def test_a_sidecar_does_not_keep_its_step() -> None:
    side = {"name": "side", "image": "i", "command": ["serve"]}
    simulation = Simulation(
        workflow(worker("work", sidecars=[side])), lambda _node: Outcome(members={"side": (143, "")})
    )
    simulation.play()
    assert states(simulation) == {"wf": ("Succeeded", "")}


def test_a_sidecar_that_fails_fails_its_step() -> None:
    side = {"name": "side", "image": "i", "command": ["serve"]}
    simulation = Simulation(workflow(worker("work", sidecars=[side])), lambda _node: Outcome(members={"side": (3, "")}))
    simulation.play()
    assert states(simulation) == {"wf": ("Failed", "side: Error (exit code 3)")}


# --- containerSet -----------------------------------------------------------------------------


def members(**after: list[str]) -> dict[str, Any]:
    containers = [{"name": n, "image": "i", "command": ["c"], "dependencies": a} for n, a in after.items()]
    return {"name": "set", "containerSet": {"containers": containers}}


@pytest.mark.parametrize("fresh", [False, True])
def test_what_follows_a_set_hangs_below_its_last_containers(fresh: bool) -> None:
    group = members(last=["b", "c"], a=[], b=["a"], c=["a"], alone=[])
    simulation = Simulation(workflow(steps(call("s", "set"), call("next")), group), fresh=fresh).play()
    assert simulation.phase == "Succeeded"
    nodes = simulation.nodes
    following = nodes["wf[1]"]["id"]
    assert [name for name, node in nodes.items() if following in node.get("children", ())] == [
        "wf[0].s.last",
        "wf[0].s.alone",
    ]
    assert nodes["wf[0].s"]["children"] == [nodes["wf[0].s.a"]["id"], nodes["wf[0].s.alone"]["id"]]
    assert simulation.workflow["status"]["progress"] == "7/7"


def test_a_ladder_of_containers_is_no_work_without_end() -> None:
    rungs = {"a0": [], "b0": []}
    for i in range(1, 40):
        rungs |= {f"{side}{i}": [f"a{i - 1}", f"b{i - 1}"] for side in "ab"}
    simulation = Simulation(workflow(steps(call("s", "set"), call("next")), members(**rungs))).play()
    assert simulation.phase == "Succeeded"


def test_no_nodes_of_containers_without_a_pod() -> None:
    group = {**members(a=[]), "pendingTimeout": "5s"}
    simulation = Simulation(workflow(group), lambda _node: Outcome(pending=True)).play()
    assert states(simulation) == {"wf": ("Failed", "timeout"), "wf.a": ("Failed", "timeout")}
    unbuildable = members(a=[])
    del unbuildable["containerSet"]["containers"][0]["command"]
    simulation = Simulation(workflow(unbuildable)).play()
    assert list(simulation.nodes) == ["wf"]


def test_containers_of_a_deleted_pod() -> None:
    simulation = Simulation(workflow(members(a=[], b=["a"])), lambda _node: Outcome(seconds=60))
    simulation.play(
        until=lambda: seconds(simulation) > 20 or simulation.phase != "Running" or _running(simulation, "wf.a")
    )
    simulation.after(20, lambda: simulation.remove_pod("wf") or [])  # type: ignore[func-returns-value]
    simulation.play()
    assert states(simulation) == {
        "wf": ("Error", "pod deleted"),
        "wf.a": ("Error", "container deleted"),
        "wf.b": ("Error", "container deleted"),
    }


def _running(simulation: Simulation, name: str) -> bool:
    return name in simulation.nodes and simulation.nodes[name]["phase"] == "Running"


def test_containers_end_with_a_workflow_that_is_stopped() -> None:
    simulation = Simulation(workflow(members(a=[], b=["a"])), lambda _node: Outcome(seconds=60))
    simulation.play(until=lambda: _running(simulation, "wf.b"))
    document = simulation.workflow
    simulation.change({**document, "spec": {**document["spec"], "shutdown": "Terminate"}})
    simulation.play()
    message = "workflow shutdown with strategy:  Terminate"
    assert {phase for phase, _ in states(simulation).values()} == {"Failed"}
    assert states(simulation)["wf"] == ("Failed", message)


def test_attempts_have_containers_of_their_own() -> None:
    group = {**members(main=[], b=["main"]), "retryStrategy": {"limit": "1"}}
    codes = {"wf(0)": 1}
    simulation = Simulation(workflow(group), lambda node: Outcome(exit_code=codes.get(node, 0))).play()
    assert simulation.phase == "Succeeded"
    assert states(simulation)["wf(0).main"] == ("Failed", "main: Error (exit code 1): ")
    assert states(simulation)["wf(1).main"] == ("Succeeded", "")


# --- daemons ----------------------------------------------------------------------------------

SERVER = {"name": "server", "daemon": True, "container": {"image": "i", "command": ["serve"]}}
FOREVER = Outcome(seconds=inf)


def script(**outcomes: Outcome) -> Any:
    """Outcome by the last part of the node's name; other pods take ten seconds."""
    return lambda node: outcomes.get(node.rpartition(".")[2], Outcome(seconds=10))


def killed(simulation: Simulation) -> list[str]:
    return sorted({effect.name for effect in simulation.effects if isinstance(effect, TerminatePod)})


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_serves_until_what_is_around_it_ends(fresh: bool) -> None:
    show = worker("show", "at")
    show["container"]["args"] = ["{{inputs.parameters.at}}"]
    inner = steps(call("s", "server"), call("use", "show", at="{{steps.s.ip}}"), name="inner")
    simulation = Simulation(
        workflow(steps(call("in", "inner"), call("after")), inner, SERVER, show), script(s=FOREVER), fresh=fresh
    )
    simulation.play(until=lambda: _running(simulation, "wf[0].in[1].use"))
    server = simulation.nodes["wf[0].in[0].s"]
    assert (server["phase"], server["daemoned"], server["podIP"]) == ("Running", True, "127.0.0.1")
    assert "taskResultSynced" not in server
    simulation.play(until=lambda: _running(simulation, "wf[1].after"))
    server = simulation.nodes["wf[0].in[0].s"]
    assert (server["phase"], server.get("daemoned")) == ("Succeeded", None)
    assert len(killed(simulation)) == 1
    simulation.play()
    assert simulation.phase == "Succeeded"
    assert simulation.created[1]["spec"]["containers"][1]["args"] == ["127.0.0.1"]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_that_ends_by_itself_has_failed(fresh: bool) -> None:
    """Its group was over, so what follows goes on."""
    document = workflow(steps(call("s", "server"), call("use")), SERVER)
    simulation = Simulation(document, script(s=Outcome(seconds=5)), fresh=fresh).play()
    assert states(simulation)["wf[0].s"] == ("Failed", "")
    assert "daemoned" not in simulation.nodes["wf[0].s"]
    assert simulation.phase == "Succeeded"


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_that_fails_beside_running_steps_fails_their_group(fresh: bool) -> None:
    document = workflow(steps([call("s", "server"), call("use")]), SERVER)
    simulation = Simulation(document, script(s=Outcome(seconds=5, exit_code=3)), fresh=fresh).play()
    assert states(simulation)["wf[0].s"] == ("Failed", "main: Error (exit code 3)")
    assert simulation.phase == "Failed"


@pytest.mark.parametrize("kind", ["steps", "dag", "loop"])
@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_with_retries_is_started_again(kind: str, fresh: bool) -> None:
    server = {**SERVER, "retryStrategy": {"limit": "2"}}
    if kind == "steps":
        main, attempt = steps(call("s", "server"), call("use")), "wf[0].s"
    elif kind == "dag":
        main, attempt = dag(call("s", "server"), call("use", depends="s.Daemoned")), "wf.s"
    else:
        main, attempt = dag(call("s", "server", withItems=["x"]), call("use", dependencies=["s"])), "wf.s(0:x)"
    outcomes = {f"{attempt}(0)": Outcome(seconds=3, exit_code=1), f"{attempt}(1)": FOREVER}
    simulation = Simulation(workflow(main, server), lambda n: outcomes.get(n, Outcome(seconds=10)), fresh=fresh)
    simulation.play(until=lambda: f"{attempt}(1)" in simulation.nodes and _running(simulation, f"{attempt}(1)"))
    retry = simulation.nodes[attempt]
    assert (retry["phase"], retry["daemoned"]) == ("Running", True)
    simulation.play()
    assert simulation.phase == "Succeeded"
    found = states(simulation)
    assert found[f"{attempt}(0)"] == ("Failed", "main: Error (exit code 1)")
    assert found[f"{attempt}(1)"] == found[attempt] == ("Succeeded", "")
    assert not any(node.get("daemoned") for node in simulation.nodes.values())


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_whose_retries_are_used_up(fresh: bool) -> None:
    server = {**SERVER, "retryStrategy": {"limit": "1"}}
    document = workflow(steps(call("s", "server"), call("use")), server)
    outcomes = {"wf[0].s(0)": Outcome(seconds=2, exit_code=1), "wf[0].s(1)": Outcome(seconds=2, exit_code=1)}
    simulation = Simulation(document, lambda n: outcomes.get(n, Outcome(seconds=10)), fresh=fresh).play()
    assert states(simulation)["wf[0].s"] == ("Failed", "No more retries left")
    assert not any(node.get("daemoned") for node in simulation.nodes.values())
    assert simulation.phase == "Succeeded"


@pytest.mark.parametrize("fresh", [False, True])
def test_an_attempt_that_is_not_ready_yet_ends_with_the_rest(fresh: bool) -> None:
    server = {**SERVER, "retryStrategy": {"limit": "5"}}
    document = workflow(steps(call("s", "server"), call("use")), server)
    outcomes = {"wf[0].s(0)": Outcome(seconds=2, exit_code=1), "wf[0].s(1)": Outcome(pending=True)}
    simulation = Simulation(document, lambda n: outcomes.get(n, Outcome(seconds=10)), fresh=fresh).play()
    assert simulation.phase == "Succeeded"
    assert {phase for phase, _ in states(simulation).values()} == {"Succeeded", "Failed"}
    assert states(simulation)["wf[0].s(1)"] == ("Succeeded", "")


def test_a_daemon_that_never_gets_ready_holds_its_steps() -> None:
    document = workflow(steps(call("s", "server"), call("use")), SERVER)
    simulation = Simulation(document, script(s=Outcome(seconds=30, ready=False))).play()
    assert states(simulation)["wf[0].s"][0] == "Failed"
    assert "wf[1].use" not in simulation.nodes


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_as_entry(fresh: bool) -> None:
    """Nobody uses it, so it ends as soon as it is there; an exit handler has nothing to wait for."""
    document = workflow(SERVER, onExit="pod")
    simulation = Simulation(document, lambda n: FOREVER if n == "wf" else Outcome(), fresh=fresh).play()
    assert states(simulation) == {"wf": ("Succeeded", ""), "wf.onExit": ("Succeeded", "")}
    assert simulation.phase == "Succeeded"


@pytest.mark.parametrize("shutdown", ["Stop", "Terminate"])
@pytest.mark.parametrize("fresh", [False, True])
def test_daemons_of_a_workflow_that_is_stopped(shutdown: str, fresh: bool) -> None:
    document = workflow(dag(call("s", "server"), call("use", depends="s.Daemoned")), SERVER)
    simulation = Simulation(document, script(s=FOREVER, use=FOREVER), fresh=fresh)
    simulation.play(until=lambda: _running(simulation, "wf.use"))
    found = simulation.workflow
    simulation.change({**found, "spec": {**found["spec"], "shutdown": shutdown}})
    simulation.play()
    assert simulation.phase == "Failed"
    assert states(simulation)["wf.s"] == ("Succeeded", "")
    assert len(killed(simulation)) == 2


def test_a_daemon_of_several_containers() -> None:
    group = {**members(a=[], b=[]), "name": "server", "daemon": True}
    simulation = Simulation(workflow(steps(call("s", "server"), call("use")), group), script(s=FOREVER)).play()
    assert simulation.phase == "Succeeded"
    assert states(simulation)["wf[0].s.a"] == ("Succeeded", "")


# --- the executor's own account ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "secret"),
    [
        (None, "reporter.service-account-token"),
        ({}, "reporter.service-account-token"),
        ({"secrets": [{"name": "listed"}, {"name": "other"}]}, "listed"),
        ({"metadata": {"annotations": {"workflows.argoproj.io/service-account-token.name": "named"}}}, "named"),
    ],
)
def test_the_token_of_the_executor(account: dict[str, Any] | None, secret: str) -> None:
    objects = Objects()
    if account is not None:
        objects.accounts["argo", "reporter"] = account
    document = workflow(worker("work", executor={"serviceAccountName": "reporter"}))
    simulation = Simulation(document, objects=objects).play()
    volumes = {v["name"]: v for v in simulation.created[0]["spec"]["volumes"]}
    assert volumes["exec-sa-token"]["secret"] == {"secretName": secret}


# --- pods that their host lost ----------------------------------------------------------------


def lose(simulation: Simulation, times: int, reason: str = "Evicted", **status: Any) -> Simulation:
    """The first pods are given up by their host before anything of them has run."""
    for number in range(times):
        simulation.play(until=lambda: len(simulation.created) > number and "wf" in simulation.pods)  # noqa: B023
        pod = simulation.pods["wf"]
        pod["status"] = {"phase": "Failed", "reason": reason, "message": "no room", **status}
        simulation.advance([PodChanged(pod)])
    return simulation.play()


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize(("times", "phase"), [(1, "Succeeded"), (3, "Succeeded"), (4, "Failed")])
def test_pods_that_their_host_lost_are_made_again(times: int, phase: str, fresh: bool) -> None:
    config = EngineConfig(namespace="argo", pod_restarts=3)
    simulation = lose(Simulation(workflow(worker("work")), config=config, fresh=fresh), times)
    node = simulation.nodes["wf"]
    assert (node["phase"], node["failedPodRestarts"]) == (phase, min(times, 3))
    assert len(simulation.created) == min(times, 3) + 1
    assert "restartingPodUID" not in node


def test_what_is_said_while_a_lost_pod_is_made_again() -> None:
    config = EngineConfig(namespace="argo", pod_restarts=1)
    simulation = Simulation(workflow(worker("work")), config=config)
    simulation.play(until=lambda: bool(simulation.pods))
    pod = simulation.pods["wf"]
    pod["status"] = {"phase": "Failed", "reason": "NodeShutdown", "message": "bye"}
    simulation.advance([PodChanged(pod)])
    assert states(simulation)["wf"] == ("Pending", "Pod auto-restarting due to NodeShutdown: bye")
    assert simulation.nodes["wf"]["restartingPodUID"] == pod["metadata"]["uid"]


ENDED = {"name": "main", "state": {"terminated": {"exitCode": 1, "startedAt": "2030-01-01T12:00:00Z"}}}


@pytest.mark.parametrize(
    ("restarts", "reason", "status"),
    [(0, "Evicted", {}), (3, "OutOfMemory", {}), (3, "Evicted", {"containerStatuses": [ENDED]})],
)
def test_other_failures_are_failures(restarts: int, reason: str, status: dict[str, Any]) -> None:
    config = EngineConfig(namespace="argo", pod_restarts=restarts)
    simulation = lose(Simulation(workflow(worker("work")), config=config), 1, reason, **status)
    assert states(simulation) == {"wf": ("Failed", "no room")}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_daemon_that_ends_fails_a_template_that_fails_fast(fresh: bool) -> None:
    server = {**SERVER, "retryStrategy": {"limit": 1}}
    main = dag(call("s", "server"), call("use", "hold", depends="s.Daemoned"))
    main["failFast"] = True  # that of the template, not of the graph
    hold = steps(call("gate", "gate"), name="hold")
    gate = {"name": "gate", "suspend": {"duration": "60"}}
    simulation = Simulation(workflow(main, server, hold, gate), script(**{"s(0)": Outcome(seconds=5)}), fresh=fresh)
    simulation.play()
    assert states(simulation)["wf"] == ("Failed", "template has failed or errored children and failFast enabled")
    assert "wf.s(1)" not in simulation.nodes
