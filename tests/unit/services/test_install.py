"""What an installation consists of, and that it takes nothing that is somebody else's."""

from __future__ import annotations

from typing import Any

import pytest

from argotui.kube.errors import ApiError
from argotui.model import documents, resources
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS, CRDS, DEPLOYMENTS, NAMESPACES, ROLE_BINDINGS
from argotui.services.install.applying import KINDS, Outcome, install, is_ours
from argotui.services.install.objects import objects
from argotui.services.install.removing import uninstall, workflows
from argotui.services.install.settings import InstallRefused, InstallSettings
from tests.unit.services.fake import FakeClient

WHOLE = InstallSettings(image="registry.example/argotui:1", minimal_crds=True)


def of_kind(found: list[Document], kind: str) -> list[Document]:
    return [document for document in found if documents.kind(document) == kind]


async def installed(client: FakeClient, settings: InstallSettings = WHOLE, **how: bool) -> dict[str, Outcome]:
    wanted = objects(settings)
    return {outcome.called: outcome async for outcome in install(client, wanted, **how)}  # type: ignore[arg-type]


async def removed(client: FakeClient, **how: bool) -> dict[str, Outcome]:
    return {outcome.called: outcome async for outcome in uninstall(client, "argo", **how)}  # type: ignore[arg-type]


def test_everything_is_of_a_kind_that_can_be_applied_and_labelled_as_ours() -> None:
    found = objects(InstallSettings(image="x", minimal_crds=True, create_namespace=True, instance_id="blue"))
    assert {documents.kind(document) for document in found} == set(KINDS)
    assert all(is_ours(document) for document in found)
    assert of_kind(found, "ConfigMap")[0]["data"] == {"instanceID": "blue"}


def test_what_is_needed_comes_first() -> None:
    order = [documents.kind(document) for document in objects(WHOLE)]
    assert order.index("CustomResourceDefinition") < order.index("ServiceAccount") < order.index("Deployment")
    assert order.index("ClusterRole") < order.index("ClusterRoleBinding")


def test_a_namespaced_installation_asks_for_nothing_of_the_cluster() -> None:
    found = objects(InstallSettings(image="x", namespaced=True, crds=False, namespace="team"))
    assert all(documents.namespace(document) == "team" for document in found)
    (deployment,) = of_kind(found, "Deployment")
    assert "--namespaced" in deployment["spec"]["template"]["spec"]["containers"][0]["args"]


def test_executors_get_their_rights_where_workflows_are() -> None:
    accounts = (("build", "default"), ("build", "ci"), ("ship", "default"))
    found = objects(InstallSettings(controller=False, crds=False, workflow_accounts=accounts))
    bindings = {documents.namespace(b): [s["name"] for s in b["subjects"]] for b in of_kind(found, "RoleBinding")}
    assert bindings == {"build": ["default", "ci"], "ship": ["default"]}
    assert {documents.namespace(role) for role in of_kind(found, "Role")} == {"build", "ship"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (InstallSettings(), "--image"),
        (InstallSettings(image="x", namespace="Argo!"), "'Argo!' is not a name"),
        (InstallSettings(image="x", namespace="a\n"), "is not a name"),
        (InstallSettings(image="x", workflow_accounts=(("a b", "default"),)), "NAMESPACE:SERVICEACCOUNT"),
    ],
)
def test_what_cannot_be_installed_is_refused(settings: InstallSettings, said: str) -> None:
    with pytest.raises(InstallRefused, match=said):
        settings.check()


def test_nobody_may_more_than_the_work_needs() -> None:
    """No role of an installation holds a wildcard, or lets its holder read secrets beyond the controller's own."""
    for document in (*of_kind(objects(WHOLE), "ClusterRole"), *of_kind(objects(WHOLE), "Role")):
        for rule in document["rules"]:
            assert "*" not in (*rule["verbs"], *rule["resources"], *rule["apiGroups"])
            home = documents.kind(document) == "Role" and documents.name(document) == "argotui-controller"
            assert home or "secrets" not in rule["resources"]


async def test_a_second_time_changes_nothing() -> None:
    client = FakeClient()
    assert {outcome.did for outcome in (await installed(client)).values()} == {"created"}
    assert {outcome.did for outcome in (await installed(client)).values()} == {"unchanged"}


async def test_what_somebody_else_put_there_is_left() -> None:
    theirs: list[tuple[resources.Resource, Document]] = [
        (CRDS, {"metadata": {"name": "workflows.argoproj.io"}, "spec": {"group": "argoproj.io"}}),
        (
            CONFIG_MAPS,
            {"metadata": {"name": "workflow-controller-configmap", "namespace": "argo"}, "data": {"parallelism": "7"}},
        ),
    ]
    client = FakeClient(*theirs)
    outcomes = await installed(client)
    assert outcomes["customresourcedefinition/workflows.argoproj.io"].did == "left"
    assert outcomes["configmap/argo/workflow-controller-configmap"].did == "left"
    kept = client.stored(CONFIG_MAPS, "workflow-controller-configmap")
    assert kept is not None
    assert kept["data"] == {"parallelism": "7"}
    gone = await removed(client, crds=True)
    assert "customresourcedefinition/workflows.argoproj.io" not in gone
    assert client.stored(CONFIG_MAPS, "workflow-controller-configmap") is not None


async def test_one_refusal_stops_no_other() -> None:
    client = FakeClient()

    def before(method: str, path: str, body: Any) -> None:
        if method == "APPLY" and "clusterroles" in path:
            raise ApiError(403, "Forbidden", 'clusterroles is forbidden: User "u" cannot patch')
        if method == "APPLY" and "deployments" in path:
            raise ApiError(409, "Conflict", 'conflict with "kustomize"')

    client.before = before
    outcomes = await installed(client)
    refused = {name: outcome for name, outcome in outcomes.items() if outcome.refused}
    assert set(refused) == {
        *("clusterrole/argotui-viewer", "clusterrole/argotui-operator", "clusterrole/argotui-controller"),
        "deployment/argo/argotui-controller",
    }
    assert "--force" in refused["deployment/argo/argotui-controller"].why
    assert outcomes["rolebinding/argo/argotui-executor"].did == "created"


async def test_uninstall_takes_what_install_made_and_says_what_stays() -> None:
    client = FakeClient((NAMESPACES, {"metadata": {"name": "argo"}}))
    await installed(client)
    outcomes = await removed(client)
    assert {outcome.did for outcome in outcomes.values()} == {"deleted"}
    assert next(iter(outcomes)) == "deployment/argo/argotui-controller"
    left = {path for path, _, _ in client.objects}
    assert left == {NAMESPACES.group_resource, CRDS.group_resource}
    await removed(client, crds=True)
    assert {path for path, _, _ in client.objects} == {NAMESPACES.group_resource}


async def test_a_filled_configuration_survives() -> None:
    client = FakeClient()
    await installed(client)
    await client.patch(CONFIG_MAPS, "workflow-controller-configmap", {"data": {"parallelism": "3"}}, "argo")
    assert (await removed(client))["configmap/argo/workflow-controller-configmap"].did == "left"


async def test_who_may_not_look_everywhere_still_removes_their_own() -> None:
    client = FakeClient()
    await installed(client, InstallSettings(image="x", namespaced=True, crds=False))

    def before(method: str, path: str, body: Any) -> None:
        if method == "GET" and "/namespaces/argo/" not in path:
            raise ApiError(403, "Forbidden", "not everywhere")

    client.before = before
    outcomes = await removed(client)
    assert outcomes["rolebinding/argo/argotui-executor"].did == "deleted"
    assert outcomes["clusterroles.rbac.authorization.k8s.io"].refused
    assert not [key for key in client.objects if key[0] in (DEPLOYMENTS.group_resource, ROLE_BINDINGS.group_resource)]


async def test_a_trial_changes_nothing() -> None:
    client = FakeClient()
    assert {outcome.did for outcome in (await installed(client, dry_run=True)).values()} == {"created"}
    assert client.objects == {}
    await installed(client)
    before = dict(client.objects)
    assert {outcome.did for outcome in (await removed(client, dry_run=True)).values()} == {"deleted"}
    assert client.objects == before


async def test_workflows_are_counted() -> None:
    client = FakeClient(
        (resources.WORKFLOWS, {"metadata": {"name": "a", "namespace": "x"}}),
        (
            resources.WORKFLOWS,
            {"metadata": {"name": "b", "namespace": "y", "labels": {"workflows.argoproj.io/completed": "true"}}},
        ),
    )
    assert await workflows(client, unfinished=True) == 1  # type: ignore[arg-type]
    assert await workflows(client, unfinished=False) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(("folder", "namespaced"), [("cluster", False), ("namespaced", True)])
def test_the_manifests_for_gitops_are_what_install_applies(folder: str, namespaced: bool) -> None:
    from tools.deploy import DEPLOY, manifests

    written = (DEPLOY / folder / "argotui.yaml").read_text()
    assert written == manifests(namespaced=namespaced), "make it again with: make deploy"
