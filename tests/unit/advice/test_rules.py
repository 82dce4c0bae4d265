"""Each rule speaks where it should, and is silent where the manifest is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from argotui.engine.advice import RULES, Level, advise
from argotui.engine.advice.table import OLDER_FORM
from argotui.model.manifest import load_manifests

EXAMPLES = Path(__file__).parents[3] / "examples"
LIMITS = "resources: {limits: {cpu: 1, memory: 1Gi}}"
BOX = f"{{image: 'alpine:3.19', command: [sh], {LIMITS}}}"
MOUNT = f"{{image: 'alpine:3.19', command: [sh], {LIMITS}, volumeMounts: [{{name: v, mountPath: /v}}]}}"
HEAD = """
serviceAccountName: robot
ttlStrategy: {secondsAfterCompletion: 60}
podGC: {strategy: OnPodSuccess}
entrypoint: main
"""
LEAF = f"templates: [{{name: main, container: {BOX}}}]"


def text(spec: str, *, kind: str = "Workflow", meta: str = "{generateName: a-}", outside: str = "") -> str:
    """A manifest. spec: lines below the spec of the workflow."""
    lines = "\n".join(f"    {line}" for line in (HEAD + spec).splitlines())
    if kind == "CronWorkflow":
        outer = f"spec:\n  {outside}\n  workflowSpec:\n{lines}\n"
    else:
        outer = f"spec:\n{lines}\n{outside}\n"
    return f"apiVersion: argoproj.io/v1alpha1\nkind: {kind}\nmetadata: {meta}\n{outer}"


def cron(outside: str) -> str:
    return text(LEAF, kind="CronWorkflow", meta="{name: c}", outside=outside)


def steps(*rows: str, more: str = "") -> str:
    """A template `main` with the rows as one group, `work` mounts v, `other` mounts nothing."""
    group = "\n".join(f"      {'- ' if index == 0 else '  '}- {row}" for index, row in enumerate(rows))
    return (
        f"templates:\n  - name: main\n    steps:\n{group}\n"
        f"  - {{name: work, container: {MOUNT}{more}}}\n  - {{name: also, container: {MOUNT}{more}}}\n"
        f"  - {{name: other, container: {BOX}}}\n"
    )


CLAIM = "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]\n"
MUTEX = ", synchronization: {mutexes: [{name: m}]}"
DAG = """templates:
  - name: main
    dag:
      tasks:
      - {name: a, template: work}
      - {name: b, template: also%s}
"""
WORKERS = f"  - {{name: work, container: {MOUNT}}}\n  - {{name: also, container: {MOUNT}}}\n"
CHILD = """templates:
  - name: main
%s
    resource:
      action: create
%s
      manifest: |
        apiVersion: argoproj.io/v1alpha1
        kind: Workflow
        metadata: {generateName: child-}
"""
WATCHED = "      successCondition: status.phase == Succeeded\n      failureCondition: status.phase == Failed"
GET = """templates:
  - name: main
    resource:
      action: get
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c}
"""
RETRY = f"templates:\n  - {{name: main, container: {BOX}, activeDeadlineSeconds: 100, retryStrategy: %s}}"
DEADLINE = "activeDeadlineSeconds: 60\n"

CASES: dict[str, tuple[list[str], list[str]]] = {
    "older-form": (
        [
            text("ttlSecondsAfterFinished: 3\n" + LEAF),
            text("podPriority: 3\n" + LEAF),
            text(f"synchronization: {{mutex: {{name: m}}}}\n{LEAF}"),
            cron("schedule: '@daily'\n  timezone: Etc/UTC\n  startingDeadlineSeconds: 9"),
        ],
        [text(LEAF), text(f"synchronization: {{mutexes: [{{name: m}}]}}\n{LEAF}")],
    ),
    "step-on-exit": (
        [
            text(steps("{name: a, template: other, onExit: other}")),
            text((DAG % ", onExit: work, depends: a") + WORKERS),
        ],
        [text(steps("{name: a, template: other, hooks: {exit: {template: other}}}")), text("onExit: main\n" + LEAF)],
    ),
    "unreadable-expression": (
        [
            text(steps("{name: a, template: other, when: '{{=1 +}}'}")),
            text(steps("{name: a, template: other, hooks: {h: {template: other, expression: '(steps.a'}}}")),
            text("retryStrategy: {limit: 1, expression: 'a b'}\n" + LEAF),
            text("workflowMetadata: {labelsFrom: {a.b/c: {expression: '='}}}\n" + LEAF),
        ],
        [text(steps("{name: a, template: other, when: '{{=workflow.name == 1}} {{steps.a}}'}"))],
    ),
    "unknown-name": (
        [
            text(steps("{name: a, template: other, when: '{{= nosuch(1) }}'}")),
            text("workflowMetadata: {labelsFrom: {a: {expression: workflw.name}}}\n" + LEAF),
        ],
        [text(steps("{name: a, template: other, when: '{{=let x = [1]; any(x, # > len(item)) || sprig.empty(x)}}'}"))],
    ),
    "doomed-value": (
        [
            text("retryStrategy: {limit: 1, backoff: {duration: 10 parsecs}}\n" + LEAF),
            text(LEAF).replace("OnPodSuccess}", "OnPodSuccess, deleteDelayDuration: soon}"),
            text("templates: [{name: main, suspend: {duration: half an hour}}]"),
            text(CLAIM + steps("{name: a, template: other, when: '1 =='}")),
            text(CLAIM + steps("{name: a, template: other, withParam: '{a'}")),
            text(CLAIM + steps("{name: a, template: other, withParam: '5'}")),
            text(CLAIM + steps("{name: a, template: other, withSequence: {count: abc}}")),
            text(CLAIM + steps("{name: a, template: other, withSequence: {start: '1'}}")),
            text(LEAF.replace("name: main,", "name: main, memoize: {key: a b, cache: {configMap: {name: c}}},")),
            text(LEAF.replace("cpu: 1", "cpu: many")),
            text("volumeClaimTemplates: [{spec: {resources: {requests: {storage: lots}}}}]\n" + LEAF),
            text(steps("{name: a, template: work}")),
            text("hooks: {h: {template: nope, expression: 'true'}}\n" + LEAF),
        ],
        [
            text("retryStrategy: {limit: 1, backoff: {duration: '{{inputs.d}}', cap: '5'}}\n" + LEAF),
            text("templates: [{name: main, suspend: {duration: '90'}}]"),
            text(CLAIM + steps("{name: a, template: other, when: '{{item}} ==', withParam: '{{item.l}}'}")),
            text(CLAIM + steps("{name: a, template: other, when: 'a == b', withSequence: {count: '{{item.n}}'}}")),
            text(CLAIM + steps("{name: a, template: other, when: 'false', withParam: '[]'}")),
            text(CLAIM + steps("{name: a, template: work}")),
            text("volumeClaimTemplates: [{metadata: {name: v}, spec: {resources: {requests: {storage: 1Gi}}}}]\n"
                 + steps("{name: a, template: work}")),
            text(steps("{name: a, template: work}"), kind="WorkflowTemplate").replace("    entrypoint: main\n", ""),
            text("hooks: {h: {template: main, expression: 'true'}}\n" + LEAF),
        ],
    ),
    "shared-empty-dir": (
        [text("volumes: [{name: v, emptyDir: {}}]\n" + steps("{name: a, template: work}"))],
        [
            text(CLAIM + steps("{name: a, template: work}")),
            text(f"volumes: [{{name: v, emptyDir: {{}}}}]\ntemplates: [{{name: main, container: {MOUNT}}}]"),
        ],
    ),
    "race": (
        [
            text(CLAIM + steps("{name: a, template: work}", "{name: b, template: also}")),
            text(CLAIM + steps("{name: a, template: work, withItems: [1, 2]}")),
            text(CLAIM + (DAG % "") + WORKERS),
            text(f"volumeClaimTemplates: [{{metadata: {{name: v}}}}]\n{(DAG % '') + WORKERS}"),
        ],
        [
            text(CLAIM + steps("{name: a, template: work}", "{name: b, template: also}", more=MUTEX)),
            text(CLAIM + steps("{name: a, template: work}", "{name: b, template: other}")),
            text(CLAIM + steps("{name: a, template: work, withItems: [1]}")),
            text(CLAIM + (DAG % ", depends: a") + WORKERS),
            text("parallelism: 1\n" + CLAIM + (DAG % "") + WORKERS),
        ],
    ),
    "wide-loop": (
        [
            text(steps("{name: a, template: other, withSequence: {count: 11}}")),
            text(steps("{name: a, template: other, withSequence: {start: '1', end: '20'}}")),
            text(steps("{name: a, template: other, withParam: '[1]'}")),
        ],
        [
            text(steps("{name: a, template: other, withItems: [1, 2, 3]}")),
            text("parallelism: 5\n" + steps("{name: a, template: other, withSequence: {count: 1100}}")),
        ],
    ),
    "suspend-for-ever": (
        [text("templates: [{name: main, suspend: {}}]")],
        [text("templates: [{name: main, suspend: {duration: 1h}}]")],
    ),
    "no-time-zone": (
        [cron("schedules: ['0 2 * * *']\n  startingDeadlineSeconds: 9")],
        [
            cron("schedules: ['0 2 * * *']\n  startingDeadlineSeconds: 9\n  timezone: Europe/Berlin"),
            cron("schedules: ['CRON_TZ=Etc/UTC 0 2 * * *', '@every 1h']\n  startingDeadlineSeconds: 9"),
        ],
    ),
    "missed-runs": (
        [
            cron("schedules: ['@daily']\n  timezone: Etc/UTC"),
            cron("schedules: ['@daily']\n  timezone: Etc/UTC\n  startingDeadlineSeconds: 0"),
        ],
        [cron("schedules: ['@daily']\n  timezone: Etc/UTC\n  startingDeadlineSeconds: 60")],
    ),
    "endless-retries": (
        [text(RETRY % "{}"), text(RETRY % "{backoff: {duration: 1s}}"), text("retryStrategy: {}\n" + LEAF)],
        [
            text(RETRY % "{limit: 3}"), text(RETRY % "{backoff: {maxDuration: 1h}}"),
            text(RETRY % "{expression: 'true'}"), text(DEADLINE + RETRY % "{}"),
        ],
    ),
    "retry-deadline": (
        [
            text(DEADLINE + RETRY % "{limit: 1}"),
            text(DEADLINE + f"retryStrategy: {{limit: '3', backoff: {{duration: 10s, factor: 2}}}}\n{LEAF}"),
        ],
        [
            text("activeDeadlineSeconds: 200\n" + RETRY % "{limit: 1}"),
            text(DEADLINE + RETRY % "{limit: 5, backoff: {maxDuration: 30s}}"),
            text(DEADLINE + RETRY % "{limit: '{{workflow.parameters.n}}'}"),
            text(DEADLINE + f"retryStrategy: {{limit: 3, backoff: {{duration: 1s, cap: '2'}}}}\n{LEAF}"),
        ],
    ),
    "latest-image": (
        [text(LEAF.replace("alpine:3.19", image)) for image in ("alpine", "alpine:latest", "host:5000/alpine")],
        [
            text(LEAF.replace("alpine:3.19", image))
            for image in ("host:5000/a/b:1", "alpine@sha256:abc", "{{workflow.parameters.image}}")
        ],
    ),
    "large-image": (
        [text(LEAF.replace("alpine:3.19", image)) for image in ("python:3.12", "docker.io/library/node:22")],
        [text(LEAF.replace("alpine:3.19", image)) for image in ("python:3.12-slim", "my/python:3.12", "node@sha256:a")],
    ),
    "no-limits": (
        [text(LEAF.replace("limits", "requests"))],
        [
            text(f"templateDefaults: {{container: {{{LIMITS}}}}}\n" + LEAF.replace("limits", "requests")),
            text("podResources: {limits: {memory: 1Gi}}\n" + LEAF.replace("limits", "requests")),
            text("templates: [{name: main, suspend: {duration: 1s}}]"),
        ],
    ),
    "no-command": ([text(LEAF.replace("command: [sh]", "args: [x]"))], [text(LEAF)]),
    "unwatched-child": ([text(CHILD % ("", ""))], [text(CHILD % ("", WATCHED))]),
    "workflow-of-workflows": ([text(CHILD % ("", WATCHED))], [text(GET)]),
    "resource-account": (
        [text(GET).replace("serviceAccountName: robot", "")],
        [text(GET), text(CHILD % ("    serviceAccountName: other", WATCHED)).replace("serviceAccountName: robot", "")],
    ),
    "default-account": ([text(LEAF).replace("serviceAccountName: robot", "")], [text(LEAF)]),
    "no-ttl": (
        [text(LEAF).replace("ttlStrategy: {secondsAfterCompletion: 60}", "")],
        [text(LEAF), cron("schedules: ['@daily']").replace("ttlStrategy: {secondsAfterCompletion: 60}", "")],
    ),
    "no-pod-gc": ([text(LEAF).replace("podGC: {strategy: OnPodSuccess}", "")], [text(LEAF)]),
    "fixed-name": (
        [text(LEAF, meta="{name: a}")], [text(LEAF), text(LEAF, kind="WorkflowTemplate", meta="{name: a}")],
    ),
    "written-status": ([text(LEAF, outside="status: {phase: Succeeded}")], [text(LEAF)]),
}  # fmt: skip


def advice(manifest: str) -> list[Any]:
    [loaded] = load_manifests(manifest, "f.yaml")
    found = advise(loaded.document)
    for each in found:
        assert loaded.locate(each.path)[0], each
        assert each.message
        assert each.suggestion
    return found


def rules(manifest: str) -> set[str]:
    return {each.rule for each in advice(manifest)}


def test_every_rule_is_tried() -> None:
    assert set(CASES) == {rule.name for rule in RULES} | {OLDER_FORM}
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize(("rule", "manifest"), [(rule, text) for rule, (yes, _) in CASES.items() for text in yes])
def test_where_it_speaks(rule: str, manifest: str) -> None:
    assert rule in rules(manifest)


@pytest.mark.parametrize(("rule", "manifest"), [(rule, text) for rule, (_, no) in CASES.items() for text in no])
def test_where_it_is_silent(rule: str, manifest: str) -> None:
    assert rule not in rules(manifest)


def test_a_manifest_without_any_advice() -> None:
    assert advice(text(LEAF)) == []


def test_advice_points_at_what_the_author_wrote() -> None:
    manifest = cron("schedule: '@daily'\n  startingDeadlineSeconds: 9")
    assert [(each.rule, each.path) for each in advice(manifest)] == [
        (OLDER_FORM, "spec.schedule"),
        ("no-time-zone", "spec.schedule"),
    ]


def test_a_resource_that_two_steps_change() -> None:
    template = """  - name: %s
    resource:
      action: patch
      manifest: |
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: shared
"""
    group = "templates:\n  - name: main\n    steps:\n    - - {name: a, template: x}\n      - {name: b, template: y}\n"
    found = [each for each in advice(text(group + template % "x" + template % "y")) if each.rule == "race"]
    assert "'a' and 'b' at the same time change the ConfigMap 'shared'" in found[0].message


def test_a_race_deep_below_is_found_and_a_lock_above_it_counts() -> None:
    nested = "  - {name: %s, steps: [[{name: s, template: work}]]%s}\n"
    group = "templates:\n  - name: main\n    steps:\n    - - {name: a, template: x}\n      - {name: b, template: y}\n"
    assert "race" in rules(text(CLAIM + group + nested % ("x", "") + nested % ("y", "") + WORKERS))
    assert "race" not in rules(text(CLAIM + group + nested % ("x", MUTEX) + nested % ("y", MUTEX) + WORKERS))


def test_templates_that_call_themselves() -> None:
    group = (
        "templates:\n  - name: main\n    steps:\n    - - {name: a, template: main}\n      - {name: b, template: main}\n"
    )
    assert advice(text(group)) == []


def test_other_kinds_get_none() -> None:
    assert advise({"kind": "ConfigMap", "status": {"a": 1}}) == []


def test_examples_get_only_the_advice_that_they_are_about() -> None:
    about = {
        "01-ci-pipeline-workflow.yaml": {"shared-empty-dir"},
        "06-resource.yaml": {"resource-account"},
        "08-suspend-forever.yaml": {"suspend-for-ever"},
        "20-workflow-of-workflows.yaml": {"resource-account"},
        "30-resource-conditions.yaml": {"resource-account"},
    }
    for file in sorted(EXAMPLES.glob("*.yaml")):
        for manifest in load_manifests(file.read_text(), file.name):
            warnings = {each.rule for each in advise(manifest.document) if each.level == Level.WARNING}
            assert warnings <= about.get(file.name, set()), file.name


def test_the_schedule_of_the_guide() -> None:
    """Its older field, a start that may not be late, and an image that changes by itself."""
    manifest = """apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata:
  name: nightly-backup
spec:
  schedule: "0 2 * * *"
  timezone: "America/Los_Angeles"
  concurrencyPolicy: "Replace" # Forbid, Replace, Allow
  startingDeadlineSeconds: 0
  workflowSpec:
    entrypoint: backup
    templates:
    - name: backup
      container:
        image: backup:latest
        command: [sh, -c]
        args: ["./backup.sh"]
"""
    assert rules(manifest) == {
        OLDER_FORM, "missed-runs", "latest-image", "no-limits", "default-account", "no-pod-gc",
    }  # fmt: skip
