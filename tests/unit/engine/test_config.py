"""The controller's ConfigMap."""

from __future__ import annotations

import pytest
import yaml

from argotui.engine.config import DEFAULT_EXECUTOR_IMAGE, ConfigError, EngineConfig
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
        ({"images": "a: ["}, "images: not YAML"),
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
