"""Which nodes a pod may run on, where there is only one."""

from typing import Any

import pytest

from argotui.local.kubelet.admission import unschedulable
from argotui.local.kubelet.nodeaffinity import fits

LABELS = {"kubernetes.io/hostname": "here", "kubernetes.io/os": "linux", "size": "7"}


def pod(*terms: dict[str, Any]) -> dict[str, Any]:
    required = {"nodeSelectorTerms": list(terms)}
    return {"spec": {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("term", "fulfilled"),
    [
        (expression("kubernetes.io/os", "In", "linux", "windows"), True),
        (expression("kubernetes.io/os", "In", "windows"), False),
        (expression("kubernetes.io/os", "NotIn", "linux"), False),
        (expression("zone", "NotIn", "a"), True),
        (expression("size", "Exists"), True),
        (expression("zone", "Exists"), False),
        (expression("size", "DoesNotExist"), False),
        (expression("zone", "DoesNotExist"), True),
        (expression("size", "Gt", "6"), True),
        (expression("size", "Gt", "7"), False),
        (expression("size", "Lt", "8"), True),
        (expression("zone", "Lt", "8"), False),
        (expression("size", "Gt", "x"), False),
        (expression("size", "Gt"), False),
        (expression("size", "What", "7"), False),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["here"]}]}, True),
        ({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["there"]}]}, False),
        ({}, False),
        # a retry that wants another host: there is none, so it runs here again
        (expression("kubernetes.io/hostname", "NotIn", "here"), True),
    ],
)
def test_terms(term: dict[str, Any], fulfilled: bool) -> None:
    assert fits(pod(term), LABELS) is fulfilled
    assert bool(unschedulable(pod(term), LABELS)) is not fulfilled


def test_one_of_several_terms_is_enough_and_all_its_expressions_count() -> None:
    no, yes = expression("zone", "Exists"), expression("size", "Exists")
    assert fits(pod(no, yes), LABELS)
    assert not fits(pod({"matchExpressions": [*no["matchExpressions"], *yes["matchExpressions"]]}), LABELS)
    assert fits({"spec": {}}, LABELS)
    assert fits(pod(), LABELS)
