"""kill -9 of API server, kubelet and controller at random moments while workflows run: nothing lost, nothing run twice.

Every step appends the name of its pod to a file outside the cluster. A pod's name is one attempt of one node, so a
name that stands there twice is an attempt that ran twice.
"""

import asyncio
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.localcluster import LocalCluster

WORKFLOWS = 20
PARTS = ("apiserver", "kubelet", "controller")
STUCK_SECONDS = 240
"""Between two kills: a start takes a second of processor time, and a busy machine has little of it to give."""
WORKFLOW = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: NAME, namespace: argo}
spec:
  entrypoint: main
  onExit: bye
  volumes: [{name: journal, hostPath: {path: JOURNAL, type: Directory}}]
  templates:
  - name: main
    steps:
    - - {name: seed, template: seed}
    - - {name: fan, template: note, withParam: "{{steps.seed.outputs.result}}", arguments: {parameters: [{name: v, value: "{{item}}"}]}}
    - - {name: flaky, template: flaky}
      - {name: graph, template: graph}
    - - {name: last, template: check, arguments: {parameters: [{name: v, value: "{{steps.fan.outputs.parameters.v}}"}]}}
  - name: graph
    dag:
      tasks:
      - {name: a, template: note, arguments: {parameters: [{name: v, value: a}]}}
      - {name: b, template: note, dependencies: [a], arguments: {parameters: [{name: v, value: "{{tasks.a.outputs.parameters.v}}b"}]}}
      - {name: c, template: note, dependencies: [a], arguments: {parameters: [{name: v, value: "{{tasks.a.outputs.parameters.v}}c"}]}}
  - name: seed
    script:
      image: busybox
      command: [sh]
      source: |
        echo "{{pod.name}}" >> JOURNAL/attempts
        sleep 0.4
        echo '["1","2","3"]'
      volumeMounts: [{name: journal, mountPath: JOURNAL, readOnly: false}]
  - name: note
    inputs: {parameters: [{name: v}]}
    outputs: {parameters: [{name: v, valueFrom: {path: /tmp/fault-v}}]}
    container:
      image: busybox
      command: [sh, -c]
      args: ['echo "{{pod.name}}" >> JOURNAL/attempts; sleep 0.5; echo "v{{inputs.parameters.v}}" > /tmp/fault-v']
      volumeMounts: [{name: journal, mountPath: JOURNAL, readOnly: false}]
  - name: flaky
    retryStrategy: {limit: 2, retryPolicy: OnFailure}
    container:
      image: busybox
      command: [sh, -c]
      args: ['echo "{{pod.name}}" >> JOURNAL/attempts; sleep 0.3; test {{retries}} -ge 1']
      volumeMounts: [{name: journal, mountPath: JOURNAL, readOnly: false}]
  - name: check
    inputs: {parameters: [{name: v}]}
    container:
      image: busybox
      command: [sh, -c]
      args: ['echo "{{pod.name}}" >> JOURNAL/attempts; test ''{{inputs.parameters.v}}'' = ''["v1","v2","v3"]''']
      volumeMounts: [{name: journal, mountPath: JOURNAL, readOnly: false}]
  - name: bye
    container:
      image: busybox
      command: [sh, -c]
      args: ['echo "{{pod.name}}" >> JOURNAL/attempts; test {{workflow.status}} = Succeeded']
      volumeMounts: [{name: journal, mountPath: JOURNAL, readOnly: false}]
"""  # noqa: E501 - a manifest


def _manifest(name: str, journal: Path) -> str:
    return WORKFLOW.replace("NAME", name).replace("JOURNAL", str(journal))


def _shape(document: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """What must not depend on kills: every node's type, phase and outputs, by its name within the workflow."""
    name = document["metadata"]["name"]
    shape = {}
    for node in document["status"]["nodes"].values():
        outputs = json.dumps(node.get("outputs"), sort_keys=True)
        shape[node["name"].replace(name, "wf", 1)] = (node["type"], node["phase"], outputs)
    return shape


def _attempts(journal: Path) -> list[str]:
    return (journal / "attempts").read_text().split()


async def _kill_all_over(cluster: LocalCluster, journal: Path, kills: int, dice: random.Random, steps: range) -> None:
    """Kills each process `kills` times, spread over the work: each comes when so many of the `steps` have begun."""
    parts = [part for part in PARTS for _ in range(kills)]
    dice.shuffle(parts)
    moments = sorted(dice.choice(steps) for _ in parts)
    for part, moment in zip(parts, moments, strict=True):
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                while len(_attempts(journal)) < moment:
                    await asyncio.sleep(0.02)
                await asyncio.sleep(dice.uniform(0, 0.4))  # not always in the moment in which a step begins
                while not cluster.kill(part):  # it is not back yet
                    await asyncio.sleep(0.02)
        except TimeoutError:
            begun = len(_attempts(journal))
            raise AssertionError(f"{begun} of {moment} steps, then to kill {part}{cluster.words(60)}") from None


def _run(cluster: LocalCluster, journal: Path, kills: int) -> None:
    journal.mkdir(exist_ok=True)
    seed = int(os.environ.get("ARGOTUI_TEST_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed} (ARGOTUI_TEST_SEED)")
    cluster.argotui("submit", "-", "--wait", stdin=_manifest("undisturbed", journal))
    expected = _shape(cluster.workflow("undisturbed"))
    each = len(_attempts(journal))
    assert len(expected) > 15

    names = [f"fault-{number}" for number in range(WORKFLOWS)]
    documents = "---\n".join(_manifest(name, journal) for name in names)
    cluster.argotui("submit", "-", "-o", "name", stdin=documents)
    asyncio.run(_kill_all_over(cluster, journal, kills, random.Random(seed), range(each, each * (WORKFLOWS + 1))))
    cluster.ready()

    waited = cluster.argotui("wait", *names, check=False, timeout=300)
    wrong = {}
    for name in names:
        shape = _shape(cluster.workflow(name))
        if shape != expected:
            wrong[name] = {
                key: (expected.get(key), shape.get(key))
                for key in expected.keys() | shape.keys()
                if expected.get(key) != shape.get(key)
            }
    assert not wrong, f"seed {seed}: {json.dumps(wrong, indent=1)}{cluster.words(40)}"
    assert waited.returncode == 0, waited.stderr
    attempts = Counter(_attempts(journal))
    twice = {name: count for name, count in attempts.items() if count > 1}
    assert not twice, f"seed {seed}: {twice}"
    pods = sum(1 for type_, _, _ in expected.values() if type_ == "Pod")
    assert len(attempts) == pods * (WORKFLOWS + 1)


@pytest.mark.timeout(600)
def test_twenty_kills_of_each_process(cluster: LocalCluster, tmp_path: Path) -> None:
    _run(cluster, tmp_path / "journal", kills=20)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_two_hundred_kills_of_each_process(cluster: LocalCluster, tmp_path: Path) -> None:
    for _ in range(10):
        _run(cluster, tmp_path / "journal", kills=20)
        (tmp_path / "journal" / "attempts").unlink()
        cluster.argotui("delete", "--all")
