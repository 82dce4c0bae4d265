"""People with fewer rights: what is offered, what is said instead, and that nothing is a dead end."""

from __future__ import annotations

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import WORKFLOWS, Resource
from tests.console.cluster import FakeCluster
from tests.console.harness import open_console
from tests.console.story import everything

VIEW: list[Document] = [{"verbs": ["get", "list", "watch"], "apiGroups": ["argoproj.io"], "resources": ["*"]}]
UPDATE = "the right to update workflows.argoproj.io in namespace argo is missing"


def viewed() -> FakeCluster:
    """The cluster of the story, for somebody who may only look."""
    cluster = everything()
    cluster.rules = VIEW
    return cluster


async def test_a_viewer_sees_what_is_not_allowed_and_which_right_it_takes() -> None:
    cluster = viewed()
    async with open_console(cluster) as console:
        await console.wait("approve (not allowed)")
        await console.command("open ci-pipeline-8x2kq")
        await console.wait("checkout")
        await console.press("a")
        await console.wait(f"Approve: {UPDATE}")
        await console.press("full_stop")
        await console.wait("refused: the right to update")
        assert "refused: the right to patch workflows.argoproj.io" in console.text
        assert cluster.writes == []
        assert cluster.reviews == ["argo"], "one question for all of it"


async def test_whoever_may_is_not_told_anything() -> None:
    async with open_console(everything()) as console:
        await console.wait("approve")
        assert "not allowed" not in console.text


async def test_rules_that_the_cluster_does_not_tell_forbid_nothing() -> None:
    cluster = viewed()
    cluster.keeps_rules_secret = True
    async with open_console(cluster) as console:
        await console.command("open ci-pipeline-8x2kq")
        await console.wait("checkout")
        await console.press("a")
        await console.wait("gate 'approve' of argo/ci-pipeline-8x2kq succeeds")
        assert "not allowed" not in console.text


async def test_who_may_update_but_not_delete_pods_is_told_before_a_retry() -> None:
    cluster = everything()
    verbs = ["get", "list", "watch", "update"]
    cluster.rules = [{"verbs": verbs, "apiGroups": ["argoproj.io"], "resources": ["workflows"]}]
    async with open_console(cluster) as console:
        await console.command("open nightly-etl-4hz8d")
        await console.wait("checkout")
        await console.press("r")
        await console.wait("the right to delete pods in namespace argo is missing")
        assert cluster.writes == []


async def test_who_may_not_list_everywhere_sees_the_own_namespace() -> None:
    cluster = viewed()
    table = cluster.table

    async def refused(resource: Resource, namespace: str | None = None, **options: object) -> Document:
        if namespace is None and resource is WORKFLOWS:
            raise ApiError(403, "Forbidden", "workflows.argoproj.io is forbidden: at the cluster scope")
        return await table(resource, namespace, **options)

    cluster.table = refused  # type: ignore[method-assign]
    async with open_console(cluster, all_namespaces=True) as console:
        await console.wait("you may not list workflows in all namespaces; namespace argo is shown")
        await console.wait("ci-pipeline-8x2kq")
        await console.command("ns all")
        await console.wait("you may not list workflows in all namespaces; namespace argo is shown")
        await console.wait("ci-pipeline-8x2kq")
