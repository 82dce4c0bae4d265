"""The trail: entries in annotations within their limits, and Events beside them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.kube.errors import ApiError, Unreachable
from argotui.model.keys import AUDIT_PREFIX
from argotui.model.resources import EVENTS, WORKFLOWS
from argotui.services import audit
from argotui.services.identity import Identity, who
from tests.unit.services.fake import FakeClient, merged
from tests.unit.services.workflows import workflow

ANN = Identity("ann", "bastion", "192.0.2.7")
WHEN = datetime(2025, 3, 4, 5, 6, 7, 891234, UTC)


def entry(number: int = 0, why: str = "because") -> audit.Entry:
    return audit.Entry.by(ANN, "workflow.retry", "retried wf", WHEN + timedelta(seconds=number), why=why)


def test_an_entry_survives_the_annotation() -> None:
    document = audit.annotated(workflow(), entry())
    assert audit.entries(document) == [entry()]
    assert str(entry()) == "ann@bastion (from 192.0.2.7): retried wf: because"


def test_annotating_keeps_the_rest_and_the_original() -> None:
    original = workflow()
    original["metadata"]["annotations"] = {"mine": "kept"}
    document = audit.annotated(original, entry())
    assert document["metadata"]["annotations"]["mine"] == "kept"
    assert len(original["metadata"]["annotations"]) == 1


def test_only_the_newest_ten_are_kept() -> None:
    document = workflow()
    for number in range(15):
        document = audit.annotated(document, entry(number))
    assert [e.when for e in audit.entries(document)] == [entry(n).when for n in range(5, 15)]


@settings(deadline=None)
@given(st.lists(st.text(min_size=0, max_size=2000), min_size=1, max_size=14))
def test_the_limits_hold_whatever_the_reasons_are(reasons: list[str]) -> None:
    document = workflow()
    for number, why in enumerate(reasons):
        document = audit.annotated(document, entry(number, why))
    stored = {k: v for k, v in document["metadata"]["annotations"].items() if k.startswith(AUDIT_PREFIX)}
    assert 1 <= len(stored) <= audit.MAX_ENTRIES
    assert sum(len(k) + len(v.encode("utf-8", "surrogatepass")) for k, v in stored.items()) <= audit.MAX_BYTES
    assert audit.entries(document)[-1].when == entry(len(reasons) - 1).when


def test_a_merge_patch_does_the_same_as_the_whole_object() -> None:
    document = workflow()
    for number in range(12):
        document = audit.annotated(document, entry(number))
    patched = merged(document, audit.annotated_patch({"spec": {"shutdown": "Stop"}}, document, entry(20)))
    assert patched["metadata"]["annotations"] == audit.annotated(document, entry(20))["metadata"]["annotations"]
    assert patched["spec"]["shutdown"] == "Stop"


def test_what_is_no_entry_is_left_out() -> None:
    document = workflow()
    document["metadata"]["annotations"] = {
        f"{AUDIT_PREFIX}20250304T050607.000000Z": "not json",
        f"{AUDIT_PREFIX}yesterday": "{}",
        f"{AUDIT_PREFIX}20250304T050608.000000Z": "[]",
    }
    assert audit.entries(document) == []


def test_a_new_object_starts_without_a_trail() -> None:
    document = audit.annotated(workflow(), entry())
    assert "annotations" not in audit.without_audit(document)["metadata"]


async def test_the_event_tells_who_and_why() -> None:
    client = FakeClient()
    assert await audit.record(client, workflow(), WORKFLOWS, entry()) == ""  # type: ignore[arg-type]
    ((method, path, event),) = client.requests
    assert (method, path) == ("POST", EVENTS.path("argo"))
    assert event["involvedObject"]["uid"] == "uid-wf"
    assert event["reason"] == "WorkflowRetry"
    assert event["message"] == "ann@bastion (from 192.0.2.7): retried wf: because"


async def test_a_missing_right_is_told_and_nothing_more() -> None:
    client = FakeClient()

    def forbidden(method: str, path: str, body: object) -> None:
        raise ApiError(403, "Forbidden", "no")

    client.before = forbidden
    assert "right to create events is missing" in await audit.record(client, workflow(), WORKFLOWS, entry())  # type: ignore[arg-type]

    def cut(method: str, path: str, body: object) -> None:
        raise Unreachable("cut")

    client.before = cut
    assert "cut" in await audit.record(client, workflow(), WORKFLOWS, entry())  # type: ignore[arg-type]


def test_who_comes_from_the_account_the_machine_and_the_ssh_session() -> None:
    person = who({"SSH_CONNECTION": "192.0.2.7 5000 10.0.0.1 22"})
    assert person.user
    assert person.host
    assert person.full == f"{person.user}@{person.host} (from 192.0.2.7)"
    assert who({}).full == f"{person.user}@{person.host}"


def test_behind_sudo_stands_a_person() -> None:
    person = who({"SUDO_USER": "some-other-account"})
    assert person.user.endswith("(some-other-account)")
