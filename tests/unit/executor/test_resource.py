"""Resource steps: kubectl's verbs, conditions and outputs, and what happens when executor or server die half way."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from argotui.executor.resource.api import ResourceError
from argotui.executor.resource.conditions import Conditions, Paths
from argotui.executor.resource.flags import read_flags
from argotui.executor.resource.verbs import LAST_APPLIED
from argotui.executor.resource.work import ResourceStep
from argotui.kube.errors import ApiError
from argotui.model.documents import Document, clone

from .cluster import Cluster

CM = "/api/v1/namespaces/argo/configmaps"


def config_map(name: str = "c", **fields: Any) -> Document:
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **fields}


class Notes:
    """Of one step; kept for another attempt."""

    def __init__(self, begun: bool = False, acted: Document | None = None) -> None:
        self.is_begun = begun
        self.done = acted

    def begun(self) -> bool:
        return self.is_begun

    def begin(self) -> None:
        self.is_begun = True

    def acted(self) -> Document | None:
        return self.done

    def act(self, found: Document) -> None:
        self.done = found


async def run(
    cluster: Cluster, action: str, *objects: Any, notes: Notes | None = None, outputs: Any = None, **resource: Any
) -> Document:
    """One step; returns its outputs as {name: value}."""
    manifest = resource.pop("manifest", "---\n".join(yaml.safe_dump(clone(found)) for found in objects))
    template: Document = {"resource": {"action": action, "manifest": manifest, **resource}}
    if outputs:
        template["outputs"] = {"parameters": [{"name": key, "valueFrom": value} for key, value in outputs.items()]}
    lines: list[str] = []
    step = ResourceStep(template, action, "argo", "pod-uid", cluster, notes or Notes(), lines.append)
    found = await step.run()
    return {parameter["name"]: parameter["value"] for parameter in found.get("parameters") or ()}


async def refusal(cluster: Cluster, action: str, *objects: Any, **resource: Any) -> str:
    with pytest.raises(ResourceError) as caught:
        await run(cluster, action, *objects, **resource)
    return str(caught.value)


async def test_create_with_outputs() -> None:
    cluster = Cluster()
    outputs = {"n": {"jsonPath": "{.metadata.name}"}, "c": {"jqFilter": ".data.color"}, "m": {"jsonPath": "{.nope}"}}
    assert await run(cluster, "create", config_map(data={"color": "teal"}), outputs=outputs) == {
        "n": "c",
        "c": "teal",
        "m": "",
    }
    assert cluster.objects[f"{CM}/c"]["data"] == {"color": "teal"}


async def test_several_documents_and_lists() -> None:
    cluster = Cluster()
    many = {"apiVersion": "v1", "kind": "List", "items": [config_map("b"), config_map("c")]}
    await run(cluster, "create", config_map("a"), many)
    assert sorted(cluster.objects) == [f"{CM}/a", f"{CM}/b", f"{CM}/c"]
    await run(cluster, "delete", config_map("a"), config_map("b"), config_map("not-there"))
    assert sorted(cluster.objects) == [f"{CM}/c"]
    said = await refusal(cluster, "create", config_map("x"), config_map("y"), successCondition="a=b")
    assert "there are 2" in said
    assert sorted(cluster.objects) == [f"{CM}/c"], "nothing was created"


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("get", 'no more retries Error from server (NotFound): configmaps "c" not found'),
        (
            "replace",
            "no more retries Error from server (NotFound): error when replacing"
            ' "/tmp/manifest.yaml": configmaps "c" not found',
        ),
        ("patch", 'no more retries Error from server (NotFound): configmaps "c" not found'),
    ],
)
async def test_what_is_not_there(action: str, text: str) -> None:
    assert await refusal(Cluster(), action, config_map()) == text


async def test_what_kubectl_says() -> None:
    cluster = Cluster(config_map())
    assert await refusal(cluster, "create", config_map()) == (
        'no more retries Error from server (AlreadyExists): error when creating "/tmp/manifest.yaml":'
        ' configmaps "c" already exists'
    )
    unknown = {"apiVersion": "v1", "kind": "Frob", "metadata": {"name": "f"}}
    assert 'no matches for kind "Frob" in version "v1"' in await refusal(cluster, "create", unknown)
    cluster.broken = 'configmaps is forbidden: User "u" cannot create resource'
    assert "Error from server (Forbidden): error when creating" in await refusal(cluster, "create", config_map("d"))
    assert "Object 'Kind' is missing" in await refusal(cluster, "create", {"a": "b"})
    assert "failed to read the manifest" in await refusal(cluster, "create", manifest="a: [")
    assert await refusal(cluster, "get", manifest="") == "Must provide at least one of flags or manifest."
    assert "not supported for delete" in await refusal(cluster, "delete", config_map(), successCondition="a=b")
    assert "does not match the namespace" in await refusal(
        cluster, "get", config_map(metadata={"namespace": "x"}), flags=["-n", "y"]
    )


@pytest.mark.parametrize(
    "found",
    [
        "text",
        ["a"],
        {**config_map(), "metadata": "text"},
        {**config_map(), "metadata": ["a"]},
        config_map("../secrets/s"),
        config_map(".."),
        config_map("a%2fb"),
        config_map(metadata={"namespace": "../../x"}),
        {**config_map(), "apiVersion": "v1/../../apis"},
        {**config_map(), "apiVersion": "../v1"},
        {**config_map(), "kind": ["a"]},
        {**config_map(), "metadata": {}},
    ],
)
@pytest.mark.parametrize("action", ["get", "create", "apply", "replace", "patch", "delete"])
async def test_hostile_manifests(action: str, found: Any) -> None:
    cluster = Cluster(config_map("s"))
    if action == "create" and found == {**config_map(), "metadata": {}}:
        return  # for the server to judge
    assert await refusal(cluster, action, found)
    assert cluster.requests == []


async def test_a_server_that_is_broken_is_not_asked_for_ever() -> None:
    cluster = Cluster()
    cluster.failure = ApiError(500, "InternalError", "Internal error occurred: webhook")
    assert "Error from server (InternalError)" in await refusal(cluster, "create", config_map())


async def test_apply_merges_three_ways() -> None:
    cluster = Cluster()
    await run(cluster, "apply", config_map(data={"a": "1", "b": "2"}))
    stored = cluster.objects[f"{CM}/c"]
    assert '"b":"2"' in stored["metadata"]["annotations"][LAST_APPLIED]
    cluster.put({**clone(stored), "data": {**stored["data"], "theirs": "x"}})
    await run(cluster, "apply", config_map(data={"a": "9"}))
    assert cluster.objects[f"{CM}/c"]["data"] == {"a": "9", "theirs": "x"}
    before = len(cluster.requests)
    assert await run(cluster, "apply", config_map(data={"a": "9"}), outputs={"a": {"jsonPath": "{.data.a}"}}) == {
        "a": "9"
    }
    assert len(cluster.requests) == before, "nothing to change, nothing sent"
    assert "generate name" in await refusal(cluster, "apply", config_map(metadata={"name": "", "generateName": "g-"}))


async def test_replace_and_patches() -> None:
    cluster = Cluster(config_map(data={"a": "1", "b": "2"}))
    await run(cluster, "replace", config_map(data={"z": "1"}))
    assert cluster.objects[f"{CM}/c"]["data"] == {"z": "1"}
    await run(cluster, "patch", config_map(data={"y": "2"}), mergeStrategy="merge")
    await run(cluster, "patch", {"data": {"x": "3"}}, flags=["configmap", "c"])
    operations = [{"op": "remove", "path": "/data/z"}]
    await run(cluster, "patch", operations, mergeStrategy="json", flags=["cm/c"])
    assert cluster.objects[f"{CM}/c"]["data"] == {"y": "2", "x": "3"}
    kinds = [request[3].partition("/")[2] for request in cluster.requests[1:]]
    assert kinds == ["merge-patch+json", "strategic-merge-patch+json", "json-patch+json"]
    assert "--type must be one of" in await refusal(cluster, "patch", config_map(), mergeStrategy="magic")


async def test_flags_select() -> None:
    cluster = Cluster(
        config_map("a", metadata={"labels": {"x": "1"}}),
        config_map("b", metadata={"labels": {"x": "1"}}),
        config_map("c"),
    )
    await run(cluster, "delete", manifest="", flags=["cm", "--selector", "x=1"])
    assert sorted(cluster.objects) == [f"{CM}/c"]
    assert await run(
        cluster, "get", manifest="", flags=["cm", "c"], outputs={"n": {"jsonPath": "{.metadata.name}"}}
    ) == {"n": "c"}
    assert "no name was specified" in await refusal(cluster, "delete", manifest="", flags=["cm"])
    assert 'resource type "frob"' in await refusal(cluster, "get", manifest="", flags=["frob", "x"])
    assert "--server-side" in await refusal(cluster, "apply", config_map(), flags=["--server-side"])


async def test_get_of_nothing_takes_the_defaults() -> None:
    outputs = {"a": {"jsonPath": "{.x}", "default": 7}, "b": {"jqFilter": ".x"}}
    found = await run(Cluster(), "get", config_map(), flags=["--ignore-not-found"], outputs=outputs)
    assert found == {"a": "7", "b": ""}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (["--validate=false"], {"--validate": "false"}),
        (["-n", "x", "-lapp=1"], {"--namespace": "x", "--selector": "app=1"}),
        (["--grace-period", "5", "--wait=false"], {"--grace-period": "5", "--wait": "false"}),
        (["--cascade"], {"--cascade": "background"}),
    ],
)
def test_flags(words: list[str], values: dict[str, str]) -> None:
    assert read_flags(words).values == values


@pytest.mark.parametrize("words", [["--namespace"], ["--no-such"], ["-x"], ["-o", "yaml"], ["--server-side=true"]])
def test_flags_that_are_not_known(words: list[str]) -> None:
    with pytest.raises(ResourceError):
        read_flags(words)


# --- conditions -------------------------------------------------------------------------------


def workflow(phase: str) -> Document:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": "w"},
        "status": {"phase": phase, "n": [{"ready": True}], "big": 12.5, "none": None},
    }


async def test_waits_for_the_condition() -> None:
    cluster = Cluster()
    cluster.after_watch.append(lambda: [cluster.put(workflow(p)) for p in ("Pending", "Running", "Succeeded")] and None)
    outputs = {"p": {"jsonPath": "{.status.phase}"}}
    conditions = {
        "successCondition": "status.phase == Succeeded",
        "failureCondition": "status.phase in (Failed, Error)",
    }
    assert await run(cluster, "create", workflow(""), outputs=outputs, **conditions) == {"p": "Succeeded"}


async def test_fails_by_the_condition() -> None:
    cluster = Cluster()
    cluster.after_watch.append(lambda: cluster.put(workflow("Failed")) and None)
    conditions = {
        "successCondition": "status.phase == Succeeded",
        "failureCondition": "status.phase in (Failed, Error)",
    }
    said = await refusal(cluster, "create", workflow(""), **conditions)
    assert said == "failure condition '{status.phase in [Error Failed]}' evaluated true"


async def test_the_object_is_deleted_meanwhile() -> None:
    cluster = Cluster()
    cluster.after_watch.append(lambda: cluster.put(workflow(""), "DELETED") and None)
    said = await refusal(cluster, "create", workflow(""), successCondition="status.phase == Succeeded")
    assert said.startswith("The resource has been deleted while its status was still being checked")


async def test_conditions_that_cannot_be_read() -> None:
    said = await refusal(Cluster(), "create", config_map(), successCondition="a in")
    assert said.startswith("success condition 'a in' failed to parse: ")


def test_paths_into_an_object() -> None:
    paths = Paths(workflow("x"))
    found = {path: paths.get(path) for path in ("status.phase", "status.n.0.ready", "status.big", "status.none")}
    assert found == {"status.phase": "x", "status.n.0.ready": "true", "status.big": "12.5", "status.none": ""}
    assert [paths.get(path) for path in ("status.n.1", "status.phase.x", "nope")] == [None, None, None]


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("status.phase", True),
        ("!status.nope", True),
        ("status.phase != y, status.big notin (1)", True),
        ("status.nope = z", False),
        ("status.nope != z", True),
    ],
)
def test_success_conditions(text: str, met: bool) -> None:
    conditions = Conditions.of({"successCondition": text})
    assert conditions is not None
    assert conditions.are_met(workflow("x"), lambda _line: None) is met


def test_only_a_failure_condition() -> None:
    conditions = Conditions.of({"failureCondition": "status.phase = Failed"})
    assert conditions is not None
    assert conditions.are_met(workflow("Running"), lambda _line: None)


# --- dying half way ---------------------------------------------------------------------------


async def test_a_lost_answer_makes_no_second_object() -> None:
    cluster = Cluster()
    cluster.lose = 1
    await run(cluster, "create", config_map(metadata={"name": "", "generateName": "g-"}))
    assert len(cluster.objects) == 1
    assert len(cluster.requests) == 2


async def test_an_executor_that_died_between_request_and_answer() -> None:
    cluster, notes = Cluster(config_map()), Notes(begun=True)
    await run(cluster, "create", config_map(), notes=notes)
    assert notes.done is not None
    assert notes.done["name"] == "c"


async def test_what_is_done_is_not_done_again() -> None:
    cluster, notes = Cluster(), Notes()
    await run(cluster, "create", config_map(data={"a": "1"}), notes=notes)
    writes = len(cluster.requests)
    outputs = {"a": {"jsonPath": "{.data.a}"}}
    assert await run(cluster, "create", config_map(data={"a": "1"}), notes=notes, outputs=outputs) == {"a": "1"}
    assert len(cluster.requests) == writes


async def test_a_json_patch_is_never_sent_twice() -> None:
    cluster = Cluster(config_map(data={"a": "1"}))
    cluster.lose = 1
    operations = [{"op": "add", "path": "/data/b", "value": "2"}]
    said = await refusal(cluster, "patch", operations, mergeStrategy="json", flags=["cm", "c"])
    assert "is not known" in said
    assert len(cluster.requests) == 1
    again = await refusal(
        cluster, "patch", operations, mergeStrategy="json", flags=["cm", "c"], notes=Notes(begun=True)
    )
    assert "is not known" in again
    assert len(cluster.requests) == 1


async def test_delete_waits_for_finalizers() -> None:
    import asyncio

    cluster = Cluster(config_map(metadata={"finalizers": ["x/y"]}))
    task = asyncio.create_task(run(cluster, "delete", config_map()))
    async with asyncio.timeout(20):
        while not cluster.objects[f"{CM}/c"]["metadata"].get("deletionTimestamp"):
            await asyncio.sleep(0)
        assert not task.done()
        cluster.put(cluster.objects[f"{CM}/c"], "DELETED")
        await task
    await run(Cluster(config_map(metadata={"finalizers": ["x/y"]})), "delete", config_map(), flags=["--wait=false"])
