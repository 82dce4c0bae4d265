"""Flags and variables of the controller, as upstream names them."""

from __future__ import annotations

import pytest

from argotui.controller.environment import IDLE
from argotui.controller.flags import parse_options
from argotui.controller.options import OptionError, Options, Tuning, Workers


def test_nothing_given() -> None:
    assert parse_options([], {}) == Options()


def test_every_flag() -> None:
    words = """--configmap c --executor-image i --executor-image-pull-policy Never --namespaced --managed-namespace m
      --workflow-workers 7 --workflow-ttl-workers 6 --pod-cleanup-workers 5 --cron-workflow-workers 3 --qps 2.5
      --burst 9 --loglevel error --log-format json --namespace n --kubeconfig k --context x --health-port 1
      --metrics-host h --executor-plugins=false"""
    assert parse_options(words.split(), {}) == Options(
        kubeconfig="k", context="x", namespace="n", namespaced=True, managed_namespace="m", configmap="c",
        executor_image="i", executor_image_pull_policy="Never", log_level="error", log_format="json", qps=2.5, burst=9,
        workers=Workers(7, 6, 5, 3), metrics_host="h", health_port=1,
    )  # fmt: skip


def test_every_flag_has_a_variable_and_wins_over_it() -> None:
    environ = {
        "ARGO_CONFIGMAP": "c", "ARGO_NAMESPACED": "1", "ARGO_MANAGED_NAMESPACE": "m", "ARGO_WORKFLOW_WORKERS": "7",
        "ARGO_QPS": "50", "ARGO_BURST": "90", "ARGO_LOG_FORMAT": "json", "ARGO_EXECUTOR_IMAGE_PULL_POLICY": "Always",
    }  # fmt: skip
    options = parse_options(["--qps", "5", "--namespaced=true", "--configmap=d"], environ)
    assert (options.qps, options.burst, options.configmap) == (5.0, 90, "d")
    assert (options.namespaced, options.managed_namespace) == (True, "m")
    assert (options.workers.workflows, options.log_format) == (7, "json")
    assert not parse_options(["--namespaced=false", "--managed-namespace="], environ).namespaced


def test_in_a_pod_probes_and_scrapes_come_from_elsewhere() -> None:
    options = parse_options([], {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert (options.metrics_host, options.health_port) == ("0.0.0.0", 6060)


def test_every_variable() -> None:
    environ = {
        "POD_NAMES": "v1", "HEALTHZ_AGE": "90s", "ARGO_PROGRESS_PATCH_TICK_DURATION": "0", "CACHE_GC_PERIOD": "1h",
        "ARGO_PROGRESS_FILE_TICK_DURATION": "1s", "RECENTLY_STARTED_POD_DURATION": "20s",
        "TASK_RESULT_TIMEOUT_DURATION": "1m", "CACHE_GC_AFTER_NOT_HIT_DURATION": "2m", "TRANSIENT_ERROR_PATTERN": "a|b",
        "RETRY_HOST_NAME_LABEL_KEY": "host", "EVENT_AGGREGATION_WITH_ANNOTATIONS": "true",
        "LEADER_ELECTION_IDENTITY": "me", "LEADER_ELECTION_DISABLE": "true", "WF_DEL_PROPAGATION_POLICY": "Orphan",
    }  # fmt: skip
    options = parse_options([], environ)
    assert options.tuning == Tuning("v1", 0.0, 1.0, 20.0, 60.0, 3600.0, 120.0, "a|b", "host", True)
    assert (options.health_age, options.identity, options.lease_disabled) == (90.0, "me", True)
    assert options.remarks == ()


def test_what_means_nothing_is_said() -> None:
    environ = dict.fromkeys(IDLE, "1s")
    remarks = parse_options(["--workflow-archive-workers", "8"], {**environ, "ARGO_GLOGLEVEL": "6"}).remarks
    assert [remark.partition(" means nothing here: ")[0] for remark in remarks] == [
        "--workflow-archive-workers", "--gloglevel", *IDLE,
    ]  # fmt: skip
    assert all(remark.partition(": ")[2] for remark in remarks)


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        ("--executor-plugins", {}, "--executor-plugins: executor plugins are not supported"),
        ("--managed-namespace m", {}, "--managed-namespace needs --namespaced"),
        ("--workflow-workers 0", {}, "--workflow-workers: must be a whole number, 1 or more, found '0'"),
        ("--qps fast", {}, "--qps: must be a number, 0 or more, found 'fast'"),
        ("--qps nan", {}, "--qps: must be a number"),
        ("--loglevel loud", {}, "--loglevel: invalid choice"),
        ("--work 3", {}, "unrecognized arguments: --work"),
        ("", {"ARGO_BURST": "many"}, "ARGO_BURST: argument --burst: must be a whole number"),
        ("", {"ARGO_NAMESPACED": "maybe"}, "ARGO_NAMESPACED: .* must be true or false, found 'maybe'"),
        ("", {"POD_NAMES": "v3"}, "POD_NAMES: must be v1 or v2"),
        ("", {"HEALTHZ_AGE": "soon"}, "HEALTHZ_AGE: "),
        ("", {"CACHE_GC_PERIOD": "-1s"}, "CACHE_GC_PERIOD: must not be negative"),
        ("", {"TRANSIENT_ERROR_PATTERN": "("}, "TRANSIENT_ERROR_PATTERN: not a regular expression"),
        ("", {"WF_DEL_PROPAGATION_POLICY": "background"}, "WF_DEL_PROPAGATION_POLICY: must be one of Background"),
        ("", {"ALWAYS_OFFLOAD_NODE_STATUS": "true"}, "ALWAYS_OFFLOAD_NODE_STATUS: offloading"),
    ],
)
def test_refused(words: str, environ: dict[str, str], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        parse_options(words.split(), environ)
