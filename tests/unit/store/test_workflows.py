"""The list keeps its order, names what changed, and does not forget details that are still right."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.engine.digest import WorkflowState
from argotui.store.workflows import WorkflowTable, row_of_metadata, row_of_workflow
from tests.console.story import everything, failed, gated, running

PHASE = "workflows.argoproj.io/phase"


def metadata(name: str, phase: str = "Running", *, version: str = "1", created: str = "12:00:00") -> dict[str, Any]:
    """Metadata as a Table row carries it."""
    return {
        "name": name,
        "namespace": "argo",
        "uid": f"uid-{name}",
        "resourceVersion": version,
        "creationTimestamp": f"2026-03-01T{created}Z",
        "labels": {PHASE: phase},
    }


def names(table: WorkflowTable) -> list[str]:
    """Rows in order."""
    return [row.name for row in table.rows]


def test_a_table_row_gives_a_state_before_anything_else_is_known() -> None:
    row = row_of_metadata(metadata("a", "Failed"), {"message": "x\x1b[2J"})
    assert (row.state, row.message, row.known) == (WorkflowState.FAILED, "x␛[2J", False)
    assert row_of_metadata({"name": "b"}, {"status": "Succeeded"}).state is WorkflowState.SUCCEEDED
    assert row_of_metadata({"name": "c"}, {}).state is WorkflowState.PENDING
    gone = {**metadata("d"), "deletionTimestamp": "2026-03-01T12:00:00Z"}
    assert row_of_metadata(gone, {}).state is WorkflowState.DELETING


def test_the_newest_comes_first() -> None:
    table = WorkflowTable()
    for name, created in (("old", "10:00:00"), ("new", "12:00:00"), ("middle", "11:00:00")):
        table.put(row_of_metadata(metadata(name, created=created), {}))
    assert names(table) == ["new", "middle", "old"]


def test_a_change_names_its_row_and_a_move_says_from_where() -> None:
    table = WorkflowTable()
    for number in range(5):
        table.put(row_of_metadata(metadata(f"w{number}", created=f"1{number}:00:00"), {}))
    assert table.put(row_of_metadata(metadata("w2", "Failed", version="2", created="12:00:00"), {})).rows == (2,)
    assert not table.put(row_of_metadata(metadata("w2", "Failed", version="2", created="12:00:00"), {}))
    assert table.remove(("argo", "w3")).moved_from == 1
    assert not table.remove(("argo", "w3"))


def test_details_stay_while_newer_ones_are_fetched() -> None:
    table = WorkflowTable()
    whole = gated("gate")
    whole["metadata"] |= metadata("gate", version="7")
    table.put(row_of_workflow(whole))
    table.put(row_of_metadata(metadata("gate", version="8"), {}))
    (row,) = table.rows
    assert (row.state, row.progress, row.known) == (WorkflowState.WAITING_APPROVAL, "5/7", False)
    table.put(row_of_metadata(metadata("gate", "Succeeded", version="9"), {}))
    assert table.rows[0].state is WorkflowState.SUCCEEDED
    assert table.rows[0].gates == ()


def test_another_object_of_the_same_name_starts_anew() -> None:
    table = WorkflowTable()
    whole = gated("gate")
    whole["metadata"] |= metadata("gate")
    table.put(row_of_workflow(whole))
    table.put(row_of_metadata({**metadata("gate", version="9"), "uid": "another"}, {}))
    assert table.rows[0].progress == ""


def test_a_filter_hides_and_a_change_brings_back() -> None:
    table = WorkflowTable()
    table.keep(lambda row: row.state is WorkflowState.FAILED)
    table.put(row_of_metadata(metadata("a"), {}))
    assert (names(table), table.total) == ([], 1)
    assert table.put(row_of_metadata(metadata("a", "Failed", version="2"), {})).moved_from == 0
    assert names(table) == ["a"]
    assert table.put(row_of_metadata(metadata("a", version="3"), {})).moved_from == 0
    assert names(table) == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "remove"]),
        st.sampled_from("abcdef"),
        st.sampled_from(["Running", "Failed", "Succeeded"]),
        st.integers(10, 13),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(STEPS, st.booleans())
def test_following_gives_the_same_list_as_starting_anew(steps: list[tuple[str, str, str, int]], filtered: bool) -> None:
    table, last = WorkflowTable(), {}
    if filtered:
        table.keep(lambda row: row.state is not WorkflowState.SUCCEEDED)
    for version, (verb, name, phase, hour) in enumerate(steps):
        before = list(table.rows)
        row = row_of_metadata(metadata(name, phase, version=str(version), created=f"{hour}:00:00"), {})
        changed = table.put(row) if verb == "put" else table.remove(row.key)
        if verb == "put":
            last[row.key] = row
        else:
            last.pop(row.key, None)
        limit = len(before) if changed.moved_from is None else changed.moved_from
        for number in range(min(limit, len(table.rows))):
            assert number in changed.rows or before[number] == table.rows[number]
        assert all(table.number_of(row.key) == number for number, row in enumerate(table.rows))
    fresh = WorkflowTable()
    if filtered:
        fresh.keep(lambda row: row.state is not WorkflowState.SUCCEEDED)
    fresh.replace_all(last)
    assert table.rows == fresh.rows


def test_states_tell_what_running_does_not() -> None:
    def state(change: dict[str, Any], **node: Any) -> tuple[str, str]:
        workflow = running("w")
        workflow["spec"] = {**workflow["spec"], **change}
        for found in workflow["status"]["nodes"].values():
            if found["displayName"] == "test":
                found.update(node)
        row = row_of_workflow(workflow)
        return row.state.value, row.message

    assert state({}) == ("Running", "")
    assert state({"suspend": True})[0] == "Suspended"
    assert state({"shutdown": "Stop"}) == ("Stopping", "Stop was asked for")
    unschedulable = "Unschedulable: 0/3 nodes are available"
    assert state({}, phase="Pending", message=unschedulable) == ("Waiting pod", f"test: {unschedulable}")
    lock = {"synchronizationStatus": {"waiting": "argo/Mutex/db"}, "message": "Waiting for argo/Mutex/db lock"}
    assert state({}, phase="Pending", **lock)[0] == "Waiting lock"
    assert state({}, phase="Pending")[0] == "Running"


def test_the_first_cause_is_told_and_not_what_followed_from_it() -> None:
    assert row_of_workflow(failed()).message == "test: Error (exit code 137): OOMKilled"
    made_good = next(iter(o for (_, _, n), o in everything().objects.items() if n == "ci-pipeline-8x2kq"))
    assert "exit code 1" not in row_of_workflow(made_good).message


def test_nodes_that_cannot_be_read_are_told() -> None:
    workflow = {**failed(), "status": {"phase": "Failed", "compressedNodes": "!!"}}
    row = row_of_workflow(workflow)
    assert row.state is WorkflowState.FAILED
    assert "compressedNodes is not base64" in row.message
