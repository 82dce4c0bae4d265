"""The controller's ConfigMap."""

from __future__ import annotations

import pytest
import yaml

from argotui.engine.config import DEFAULT_EXECUTOR_IMAGE, EngineConfig, Rate
from argotui.engine.configform import ConfigError
from argotui.engine.retention import Retention
from tests.unit.engine.rows import CONFORMANCE


def test_recorded_config_map() -> None:
    documents = yaml.safe_load_all((CONFORMANCE / "base.yaml").read_text())
    data = next(d["data"] for d in documents if d["metadata"]["name"] == "workflow-controller-configmap")
    config = EngineConfig.from_config_map(data, namespace="argo", executor_image="argoexec:v4.1.2")
    assert config.images["argoproj/argosay:v2"] == {"entrypoint": ["/argosay"]}
    assert config.artifact_repository is not None
    assert config.artifact_repository["s3"]["bucket"] == "golden"
    assert (config.metrics.port, config.metrics.secure, config.ignored) == (9195, False, ())
    assert config.executor_image == "argoexec:v4.1.2"


def test_one_key_layout() -> None:
    config = EngineConfig.from_config_map({"config": "parallelism: 3\nexecutor: {image: x, imagePullPolicy: Never}\n"})
    assert (config.parallelism, config.executor_image, config.executor_pull_policy) == (3, "x", "Never")


def test_nothing_configured() -> None:
    config = EngineConfig.from_config_map({})
    assert config == EngineConfig()
    assert config.executor_image == DEFAULT_EXECUTOR_IMAGE
    assert EngineConfig.from_config_map({"config": ""}) == config


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"nope": "1"}, "nope: unknown setting"),
        ({"config": "a: 1", "images": "{}"}, "when data.config is set"),
        ({"config": "- 1"}, "config: must be a map"),
        ({"images": "a: {run: [x]}"}, "images.a.run: unknown field"),
        ({"images": "a: {cmd: sh}"}, "images.a.cmd: must be a list of texts"),
        ({"parallelism": "-1"}, "parallelism: must be a whole number"),
        ({"images": "a: ["}, "not YAML: images:2:1: "),
        ({"metricsConfig": "{port: high}"}, "metricsConfig.port: must be a port number"),
        ({"metricsConfig": "{path: metrics}"}, "metricsConfig.path: must begin with a slash"),
        ({"metricsConfig": "{metricsTTL: 1h30m}"}, "metricsConfig.metricsTTL: must be a whole number"),
        ({"metricsConfig": "{secure: maybe}"}, "metricsConfig.secure: must be true or false"),
        ({"metricsConfig": "{modifiers: {gauge: {hidden: true}}}"}, "metricsConfig.modifiers.gauge.hidden: unknown"),
        ({"retentionPolicy": "{completed: -1}"}, "retentionPolicy.completed: must be a whole number"),
        ({"retentionPolicy": "{succeeded: 1}"}, "retentionPolicy.succeeded: unknown field; use completed, failed"),
        ({"podGCDeleteDelayDuration": "soon"}, "podGCDeleteDelayDuration: "),
        ({"initlessPod": "{enabled: true}"}, "initlessPod.enabled is not supported"),
        ({"nodeEvents": "{sendAsPod: pods}"}, "nodeEvents.sendAsPod: must be true or false"),
        ({"initialDelay": "later"}, "initialDelay: "),
        ({"persistence": "{archive: true}"}, "persistence is not supported"),
        ({"workflowDefaults": "{specs: {}}"}, "workflowDefaults.specs: unknown field"),
        ({"workflowDefaults": "{spec: {templates: [{nam: x}]}}"}, r"workflowDefaults.spec.templates\[0\].nam: "),
        ({"executor": "{resources: {limit: {}}}"}, "executor.resources.limit: "),
        ({"mainContainer": "[]"}, "mainContainer: must be an object"),
        ({"artifactRepository": "{s3: {bukcet: b}}"}, "artifactRepository.s3.bukcet: .*bucket"),
        ({"artifactRepository": "{s3: {insecure: 'yes'}}"}, "artifactRepository.s3.insecure: must be true or false"),
        ({"config": "links:\n- name: x\n  url: u\n  skope: pod\n"}, "config:4:3: .*skope"),
        ({"persistence": "{nodeStatusOffload: true}"}, "persistence.nodeStatusOffload: .*nodeStatusOffLoad"),
        ({"columns": "[{name: a, type: label}]"}, r"columns\[0\].key: is missing"),
        ({"synchronization": "{controllerName: x}"}, "synchronization is not supported"),
        ({"parallelism": "1\n---\n2"}, "parallelism: more than one document"),
        ({"podSpecLogStrategy": "{failedPod: maybe}"}, "podSpecLogStrategy.failedPod: must be true or false"),
    ],
)
def test_refusals(data: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EngineConfig.from_config_map(data)


@pytest.mark.parametrize("data", [{"initlessPod": "{enabled: false}"}, {"persistence": "{connectionPool: {}}"}])
def test_settings_that_are_off_are_accepted(data: dict[str, str]) -> None:
    EngineConfig.from_config_map(data)


def test_events_can_be_switched_off() -> None:
    config = EngineConfig.from_config_map({"nodeEvents": "enabled: false"})
    assert (config.node_events, config.workflow_events) == (False, True)


EVERY_KEY = """
instanceID: blue
namespace: work
parallelism: 5
namespaceParallelism: 2
resourceRateLimit: {limit: 10, burst: 25}
workflowDefaults:
  metadata: {labels: {team: a}}
  spec: {ttlStrategy: {secondsAfterCompletion: 60}, podGC: {strategy: OnPodCompletion}}
workflowRestrictions: {templateReferencing: Strict}
executor: {imagePullPolicy: IfNotPresent, resources: {requests: {cpu: 100m}}, env: [{name: A, value: b}]}
mainContainer: {resources: {limits: {memory: 1Gi}}}
images: {x: {entrypoint: [/x], cmd: [a]}}
artifactRepository:
  archiveLogs: true
  s3:
    bucket: b
    endpoint: e
    keyFormat: "{{workflow.name}}/{{pod.name}}"
    accessKeySecret: {name: s, key: a}
retentionPolicy: {completed: 3, failed: 2, errored: 1}
podGCGracePeriodSeconds: 0
podGCDeleteDelayDuration: 30s
initialDelay: 2s
nodeEvents: {enabled: false, sendAsPod: true}
workflowEvents: {enabled: false}
metricsConfig: {enabled: true, path: /m, port: 8080, metricsTTL: 10m, ignoreErrors: true, secure: false}
telemetryConfig: {enabled: false}
failedPodRestart: {enabled: true, maxRestarts: 4}
podSpecLogStrategy: {failedPod: true, allPods: false}
disableAgentPodCreation: true
initlessPod: {enabled: false}
persistence: {connectionPool: {maxIdleConns: 1}, archiveTTL: 30d, postgresql: {host: h, port: 5432}}
links: [{name: L, scope: pod, url: "http://x/${metadata.name}", target: _blank}]
columns: [{name: C, type: label, key: k}]
navColor: red
sso: {issuer: i}
"""


@pytest.mark.parametrize("layout", ["one", "many"])
def test_every_key_in_both_layouts(layout: str) -> None:
    whole = yaml.safe_load(EVERY_KEY)
    many = {key: value if isinstance(value, str) else yaml.safe_dump(value) for key, value in whole.items()}
    config = EngineConfig.from_config_map({"config": EVERY_KEY} if layout == "one" else many, namespace="argo")
    assert (config.instance_id, config.managed_namespace, config.parallelism) == ("blue", "work", 5)
    assert (config.namespace_parallelism, config.pod_restarts, config.template_referencing) == (2, 4, "Strict")
    assert config.resource_rate == Rate(10.0, 25)
    assert config.workflow_defaults["spec"]["podGC"] == {"strategy": "OnPodCompletion"}
    assert config.executor is not None
    assert config.executor["env"] == [{"name": "A", "value": "b"}]
    assert config.main_container == {"resources": {"limits": {"memory": "1Gi"}}}
    assert config.artifact_repository is not None
    assert config.artifact_repository["s3"]["keyFormat"] == "{{workflow.name}}/{{pod.name}}"
    assert config.retention == Retention(3, 2, 1)
    assert (config.pod_gc_grace_seconds, config.pod_gc_delay_ns, config.initial_delay_ns) == (0, 30 * 10**9, 2 * 10**9)
    assert (config.node_events, config.workflow_events, config.node_events_as_pod) == (False, False, True)
    metrics = config.metrics
    assert (metrics.path, metrics.port, metrics.ttl_seconds, metrics.secure) == ("/m", 8080, 600, False)
    assert config.disable_agent_pod_creation
    assert config.ignored == ("columns", "links", "navColor", "podSpecLogStrategy", "sso", "telemetryConfig")
