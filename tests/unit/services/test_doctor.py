"""What the doctor finds on clusters that are sound, sick, or closed to whoever asks."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import CONFIG_MAPS, CRDS, DEPLOYMENTS, LEASES, PODS, SECRETS, WORKFLOWS
from argotui.model.schema import crds
from argotui.model.times import format_micro_time
from argotui.services.doctor.controllers import home_of
from argotui.services.doctor.examine import examine
from argotui.services.doctor.finding import Finding, Level, Site
from tests.unit.services.fake import FakeClient


def named(name: str, **fields: Any) -> Document:
    return {"metadata": {"name": name, "namespace": "argo"}, **fields}


def lease(holder: str, ago: float) -> Document:
    renewed = format_micro_time(FakeClient().clock - timedelta(seconds=ago))
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": 15}
    return named("workflow-controller", spec=spec)


def configuration(**data: str) -> Document:
    return named("workflow-controller-configmap", data=data)


class Cluster(FakeClient):
    """Sound unless told otherwise: CRDs, a controller, every right."""

    def __init__(self, *, renewed: float = 3, forbidden: tuple[str, ...] = ()) -> None:
        super().__init__()
        for crd in crds(minimal=True):
            self._put("ADDED", CRDS, crd)
        self._put("ADDED", LEASES, lease("argotui-controller-abc", renewed))
        self.denied: set[tuple[str, str]] = set()
        self.answer = self._answer
        self.before = self._before
        self._forbidden = forbidden

    def _before(self, method: str, path: str, body: Any) -> None:
        if any(part in path for part in self._forbidden):
            raise ApiError(403, "Forbidden", f'User "eve" cannot {method} {path}')

    def _answer(self, path: str, body: Any) -> Document:
        if path == "/version":
            return {"major": "1", "minor": "34+", "gitVersion": "v1.34.1"}
        if path.endswith("selfsubjectreviews"):
            return {"status": {"userInfo": {"username": "eve", "groups": ["ops"]}}}
        asked = body["spec"]["resourceAttributes"]
        resource = "/".join(part for part in (asked["resource"], asked.get("subresource")) if part)
        return {"status": {"allowed": (asked["verb"], resource) not in self.denied}}


async def found(client: FakeClient, now: timedelta = timedelta()) -> list[Finding]:
    site = Site(client, "argo", "argo", "workflow-controller-configmap", client.clock + now)  # type: ignore[arg-type]
    return [finding async for finding in examine(site)]


def about(findings: list[Finding], *levels: Level) -> list[str]:
    return [finding.about for finding in findings if finding.level in levels]


async def test_a_sound_cluster_has_no_problem() -> None:
    findings = await found(Cluster())
    assert about(findings, Level.PROBLEM, Level.WARNING, Level.UNKNOWN) == []
    assert any("argotui-controller-abc holds" in finding.text for finding in findings)


async def test_every_problem_says_what_to_do() -> None:
    client = FakeClient()
    client.answer = lambda path, body: {}
    broken = [finding for finding in await found(client) if finding.level in (Level.PROBLEM, Level.WARNING)]
    assert {finding.about for finding in broken} >= {"crds", "controller", "rights"}
    assert all(finding.advice for finding in broken)


@pytest.mark.parametrize(("renewed", "level"), [(3, Level.OK), (16, Level.PROBLEM), (-60, Level.WARNING)])
async def test_the_lease_tells_whether_a_controller_lives(renewed: float, level: Level) -> None:
    (finding,) = [finding for finding in await found(Cluster(renewed=renewed)) if finding.about == "controller"]
    assert finding.level is level


async def test_the_controller_is_looked_for_where_it_may_be() -> None:
    client = Cluster()
    assert await home_of(client, "team", "argo") == "argo"  # type: ignore[arg-type]
    assert await home_of(client, "team", "other") == "team"  # type: ignore[arg-type]
    closed = Cluster(forbidden=("/namespaces/team/",))
    assert await home_of(closed, "team", "argo") == "argo"  # type: ignore[arg-type]


async def test_a_lease_without_a_holder_is_nobodys() -> None:
    client = Cluster()
    await client.put(LEASES, named("workflow-controller", spec={"holderIdentity": ""}))
    (finding,) = [finding for finding in await found(client) if finding.about == "controller"]
    assert finding.level is Level.PROBLEM
    assert "no holder" in finding.text


@pytest.mark.parametrize(("ahead", "said"), [(timedelta(minutes=3), "behind"), (timedelta(minutes=-3), "ahead of")])
async def test_a_clock_that_is_off_is_told(ahead: timedelta, said: str) -> None:
    (finding,) = [finding for finding in await found(Cluster(), ahead) if finding.about == "clock"]
    assert finding.level is Level.WARNING
    assert f"3m {said} this machine's" in finding.text


async def test_crds_that_are_missing_or_do_not_serve_our_version() -> None:
    client = Cluster()
    await client.delete(CRDS, "cronworkflows.argoproj.io")
    old = client.stored(CRDS, "workflows.argoproj.io", "")
    assert old is not None
    version = {**old["spec"]["versions"][0], "name": "v1alpha0"}
    await client.put(CRDS, {**old, "spec": {**old["spec"], "versions": [version]}})
    texts = [finding.text for finding in await found(client) if finding.about == "crds"]
    assert texts == ["missing: cronworkflows.argoproj.io", "workflows.argoproj.io does not serve v1alpha1 but v1alpha0"]


async def test_a_viewer_is_told_what_is_missing_for_acting_and_for_looking() -> None:
    client = Cluster()
    acting = [("create", "workflows"), ("update", "workflows"), ("patch", "workflows"), ("delete", "workflows")]
    client.denied = {*acting, ("delete", "pods"), ("create", "events"), ("get", "pods/log")}
    rights = [finding for finding in await found(client) if finding.about == "rights"]
    assert [(finding.level, finding.text) for finding in rights] == [
        (Level.WARNING, "you may not get pods/log in argo: no logs"),
        (Level.NOTE, "in argo you may look but not act"),
    ]


async def test_who_may_look_at_nothing_gets_an_answer_to_everything() -> None:
    findings = await found(Cluster(forbidden=("/",)))
    unseen = [finding for finding in findings if finding.about != "clock"]  # told by every answer, refusals too
    assert {finding.level for finding in unseen} == {Level.UNKNOWN}
    assert all("you may not look" in finding.text for finding in unseen)


async def test_a_configuration_that_cannot_be_read() -> None:
    client = Cluster()
    await client.put(CONFIG_MAPS, configuration(parallelism="many"))
    (finding,) = [finding for finding in await found(client) if finding.about == "configuration"]
    assert finding.level is Level.PROBLEM
    assert "parallelism" in finding.text


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        (["--executor-image", "quay.io/argoproj/argoexec:v4.1.2"], Level.OK),
        (["--executor-image=mirror.example:5000/argoexec:v3.4.8"], Level.WARNING),
        (["--executor-image", "mirror.example:5000/argoexec@sha256:00"], Level.OK),
        (["--executor-image"], Level.NOTE),
    ],
)
async def test_the_executors_image(arguments: list[str], level: Level) -> None:
    client = Cluster()
    spec = {"template": {"spec": {"containers": [{"args": arguments}]}}}
    await client.put(DEPLOYMENTS, named("workflow-controller", spec=spec))
    assert [finding.level for finding in await found(client) if finding.about == "image"] == [level]


async def test_an_executor_image_that_cannot_be_pulled() -> None:
    client = Cluster()
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}}
    status = {"initContainerStatuses": [{"name": "init", "image": "argoexec:nope", "state": waiting}]}
    labels = {"workflows.argoproj.io/workflow": "w"}
    for name in ("a", "b"):
        pod = {"metadata": {"name": name, "namespace": "argo", "labels": labels}, "status": status}
        await client.put(PODS, pod)
    problems = [finding for finding in await found(client) if finding.level is Level.PROBLEM]
    assert [finding.text for finding in problems] == ["b waits for argoexec:nope: manifest unknown"]


REPOSITORY = """
s3:
  bucket: logs
  accessKeySecret: {name: s3, key: access}
  secretKeySecret: {name: s3, key: secret}
"""


async def test_the_credentials_of_the_repository() -> None:
    client = Cluster()
    await client.put(CONFIG_MAPS, configuration(artifactRepository=REPOSITORY))
    await client.put(SECRETS, named("s3", data={"access": base64.b64encode(b"x").decode()}))
    (finding,) = [finding for finding in await found(client) if finding.about == "artifacts"]
    assert finding.level is Level.PROBLEM
    assert "Secret argo/s3 with key secret" in finding.text
    closed = Cluster(forbidden=("/secrets/",))
    await closed.put(
        CONFIG_MAPS, configuration(config=f"artifactRepository:{REPOSITORY.replace(chr(10), chr(10) + '  ')}")
    )
    assert about(await found(closed), Level.UNKNOWN) == ["artifacts", "artifacts"]


async def test_a_repository_that_is_no_yaml() -> None:
    client = Cluster()
    await client.put(CONFIG_MAPS, configuration(artifactRepository="s3: [\x1b[2J"))
    levels = {finding.about: finding.level for finding in await found(client)}
    assert levels["artifacts"] is Level.PROBLEM


async def test_workflows_that_nobody_begins() -> None:
    client = Cluster()
    stamp = {"old": "2024-12-31T23:00:00Z", "new": "2024-12-31T23:59:30Z"}
    for name, made in stamp.items():
        await client.put(WORKFLOWS, {"metadata": {"name": name, "namespace": "argo", "creationTimestamp": made}})
    (finding,) = [finding for finding in await found(client) if finding.about == "workflows"]
    assert finding.text == "no controller has begun: old"
