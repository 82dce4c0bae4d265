"""Create or replace: what the cluster keeps for itself stays, everything is checked first."""

from __future__ import annotations

import base64

import pytest

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.problem import ManifestError
from argotui.model.resources import CONFIG_MAPS, SECRETS, WORKFLOW_TEMPLATES, WORKFLOWS
from argotui.services.apply import NotApplied, apply_documents, check_applicable
from argotui.services.manifests import load
from tests.unit.services.fake import FakeClient
from tests.unit.services.test_submit import HELLO, TEMPLATE, template
from tests.unit.services.workflows import workflow


def config(value: str = "1", **metadata: object) -> Document:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", **metadata}, "data": {"v": value}}


async def test_created_unchanged_configured() -> None:
    client = FakeClient()
    assert await apply_documents(client, [config()], "argo") == [("created", "ConfigMap", "c")]  # type: ignore[arg-type]
    assert await apply_documents(client, [config()], "argo") == [("unchanged", "ConfigMap", "c")]  # type: ignore[arg-type]
    assert await apply_documents(client, [config("2")], "argo") == [("configured", "ConfigMap", "c")]  # type: ignore[arg-type]
    assert client.stored(CONFIG_MAPS, "c")["data"] == {"v": "2"}  # type: ignore[index]


async def test_what_others_wrote_stays_and_what_the_manifest_dropped_goes() -> None:
    existing = template()
    existing["metadata"] |= {"labels": {"theirs": "1", "mine": "old"}, "ownerReferences": [{"name": "x"}], "uid": "u"}
    existing["spec"]["onExit"] = "other"
    client = FakeClient((WORKFLOW_TEMPLATES, existing))
    wanted = template()
    wanted["metadata"]["labels"] = {"mine": "new"}
    await apply_documents(client, [wanted], "argo")  # type: ignore[arg-type]
    after = client.stored(WORKFLOW_TEMPLATES, "pipeline")
    assert after is not None
    assert after["metadata"]["labels"] == {"theirs": "1", "mine": "new"}
    assert after["metadata"]["ownerReferences"] == [{"name": "x"}]
    assert "onExit" not in after["spec"]


async def test_a_secret_is_compared_as_it_is_kept() -> None:
    client = FakeClient()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "argo"},
        "stringData": {"t": "x"},
    }
    stored = {**secret, "data": {"t": base64.b64encode(b"x").decode()}}
    del stored["stringData"]
    await client.put(SECRETS, stored, "ADDED")
    assert (await apply_documents(client, [secret]))[0][0] == "unchanged"  # type: ignore[arg-type]


async def test_a_workflow_that_exists_is_not_replaced() -> None:
    existing = workflow()
    client = FakeClient((WORKFLOWS, existing))
    same = {key: existing[key] for key in ("apiVersion", "kind", "spec")} | {
        "metadata": {"name": "wf", "namespace": "argo"}
    }
    assert (await apply_documents(client, [same]))[0][0] == "unchanged"  # type: ignore[arg-type]
    with pytest.raises(NotApplied, match="a workflow runs once"):
        await apply_documents(client, [{**same, "spec": {"entrypoint": "other"}}])  # type: ignore[arg-type]


async def test_the_first_refusal_stops_and_tells_what_was_done() -> None:
    client = FakeClient()

    def refuse(method: str, path: str, body: object) -> None:
        if method == "POST" and "secrets" in path:
            raise ApiError(403, "Forbidden", "no")

    client.before = refuse
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    with pytest.raises(NotApplied, match="Secret s: no") as raised:
        await apply_documents(client, [config(), secret, config("9")], "argo")  # type: ignore[arg-type]
    assert raised.value.applied == (("created", "ConfigMap", "c"),)


async def test_templates_of_the_same_files_count_when_checking() -> None:
    use = HELLO.replace("  entrypoint: main\n", "  workflowTemplateRef: {name: pipeline}\n")
    use = use[: use.index("  templates:")].replace("- name: who", "- name: tag")
    await check_applicable(FakeClient(), "argo", load([("a", TEMPLATE), ("b", use)]), is_local=True)  # type: ignore[arg-type]
    with pytest.raises(ManifestError):
        await check_applicable(FakeClient(), "argo", load([("b", use)]), is_local=True)  # type: ignore[arg-type]


async def test_unknown_kinds_are_refused_before_anything_is_sent() -> None:
    text = "apiVersion: example.com/v1\nkind: Gizmo\nmetadata: {name: x}\n"
    with pytest.raises(ManifestError, match="not a kind that argotui knows"):
        await check_applicable(FakeClient(), "argo", load([("f", text)]), is_local=True)  # type: ignore[arg-type]
