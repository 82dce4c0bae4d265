"""What is known of rights, when it is asked for, and what is done where nothing is known."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from argotui.kube.access import read_permissions
from argotui.kube.errors import ApiError, Unreachable
from argotui.model.documents import Document
from argotui.model.rbac import Right
from argotui.model.resources import WORKFLOW_TEMPLATES, WORKFLOWS
from argotui.services.access import AccessBook, needs_of
from argotui.services.actions import ACTIONS, Selection, Target

UPDATE = ("argo", Right("update", "argoproj.io", "workflows", "wf"))


class Server:
    """Answers reviews; `rules` by namespace, or an error."""

    def __init__(self, **rules: list[Document]) -> None:
        self.rules: dict[str, Any] = dict(rules)
        self.extra: Document = {}
        self.asked: list[str] = []

    async def raw(self, method: str, path: str, *, body: Any = None, **_: Any) -> Document:
        assert (method, path) == ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews")
        namespace = body["spec"]["namespace"]
        self.asked.append(namespace)
        found = self.rules[namespace]
        if isinstance(found, Exception):
            raise found
        return {"status": {"resourceRules": found, "nonResourceRules": [], "incomplete": False, **self.extra}}


def rule(verbs: str, resources: str = "workflows", group: str = "argoproj.io", **more: Any) -> Document:
    return {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split(), **more}


class Changes:
    """Counts what it is told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        self.event.set()


async def _learned(server: Server) -> AccessBook:
    changes = Changes()
    book = AccessBook(changes)
    book.use(server)  # type: ignore[arg-type]
    assert book.lacking([UPDATE]) == "", "what is not known counts as allowed"
    await changes.event.wait()
    return book


async def test_a_missing_right_is_named() -> None:
    book = await _learned(Server(argo=[rule("get list watch")]))
    assert book.lacking([UPDATE]) == "the right to update workflows.argoproj.io in namespace argo is missing"
    assert book.lacking([("argo", Right("get", "argoproj.io", "workflows", "wf"))]) == ""


async def test_a_right_for_one_object_only() -> None:
    book = await _learned(Server(argo=[rule("update", resourceNames=["wf"])]))
    assert not book.lacking([UPDATE])
    assert book.lacking([("argo", Right("update", "argoproj.io", "workflows", "other"))])


async def test_each_namespace_is_asked_for_once() -> None:
    server = Server(argo=[rule("update")], other=[])
    book = await _learned(server)
    for _ in range(5):
        book.lacking([UPDATE])
    await asyncio.sleep(0)
    assert server.asked == ["argo"]
    book.refused("argo")
    assert server.asked == ["argo"], "not again so soon"


@pytest.mark.parametrize("extra", [{"incomplete": True}, {"evaluationError": "webhook"}])
async def test_rules_that_are_not_all_of_them_forbid_nothing(extra: Document) -> None:
    server = Server(argo=[])
    server.extra = extra
    book = await _learned(server)
    assert book.permissions("argo") is not None
    assert not book.lacking([UPDATE])


@pytest.mark.parametrize(
    "error", [ApiError(403, "Forbidden", "no"), ApiError(404, "NotFound", "no"), Unreachable("no")]
)
async def test_a_review_that_fails_forbids_nothing(error: Exception) -> None:
    server = Server(argo=error)  # type: ignore[arg-type]
    book = AccessBook(lambda: None)
    await book.learn(server, "argo")  # type: ignore[arg-type]
    book.use(server)  # type: ignore[arg-type]
    assert not book.lacking([UPDATE])


async def test_an_answer_without_rules_is_no_answer() -> None:
    class Odd(Server):
        async def raw(self, method: str, path: str, *, body: Any = None, **_: Any) -> Document:
            return {}

    found = await read_permissions(Odd(), "argo")  # type: ignore[arg-type]
    assert not found.lack(UPDATE[1])


async def test_another_connection_knows_nothing() -> None:
    book = await _learned(Server(argo=[]))
    assert book.lacking([UPDATE])
    generation = book.generation
    book.use(None)
    assert not book.lacking([UPDATE])
    assert book.generation > generation


async def test_what_is_told_only_when_it_is_new() -> None:
    server, changes = Server(argo=[]), Changes()
    book = AccessBook(changes)
    for _ in range(2):
        await book.learn(server, "argo")  # type: ignore[arg-type]
    assert changes.count == 1
    server.rules["argo"] = [rule("update")]
    await book.learn(server, "argo")  # type: ignore[arg-type]
    assert changes.count == 2


def test_where_things_are_made() -> None:
    template = {"metadata": {"name": "t", "namespace": "elsewhere"}}
    placed = Selection((Target(template, resource=WORKFLOW_TEMPLATES),))
    create = Right("create", "argoproj.io", "workflows")
    assert list(needs_of(ACTIONS["template.submit"], placed, "home")) == [("elsewhere", create)]
    assert list(needs_of(ACTIONS["workflow.submit"], Selection(), "home")) == [("home", create)]
    flow = Selection((Target({"metadata": {"name": "wf", "namespace": "argo"}}, resource=WORKFLOWS),))
    assert list(needs_of(ACTIONS["workflow.approve"], flow, "home")) == [UPDATE]


def test_every_action_says_what_it_needs() -> None:
    assert not [action.id for action in ACTIONS.values() if not action.needs]
