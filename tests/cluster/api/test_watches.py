"""Watches: what is told, in which form, from where."""

from __future__ import annotations

import threading

import pytest

from tests.cluster.apiclient import (
    CONFIGMAPS,
    MERGE,
    METADATA,
    PODS,
    TABLE,
    ApiClient,
    configmap,
    pod,
)


@pytest.fixture
def room(server: ApiClient) -> str:
    """The path of the ConfigMaps of a namespace of the test's own."""
    made = server.ok("POST", "/api/v1/namespaces", {"metadata": {"generateName": "room-"}})
    return f"/api/v1/namespaces/{made['metadata']['name']}/configmaps"


def told(events: list[dict]) -> list[tuple[str, str]]:
    return [(event["type"], event["object"]["metadata"]["name"]) for event in events]


def here(server: ApiClient, room: str) -> str:
    return str(server.ok("GET", room)["metadata"]["resourceVersion"])


def test_every_change_is_told_in_order(server: ApiClient, room: str) -> None:
    watch = server.watch(room, resourceVersion=here(server, room))
    server.ok("POST", room, configmap("a"))
    server.ok("PATCH", f"{room}/a", {"data": {"x": "1"}}, content_type=MERGE)
    server.ok("DELETE", f"{room}/a")
    events = watch.take(3)
    watch.close()
    assert told(events) == [("ADDED", "a"), ("MODIFIED", "a"), ("DELETED", "a")]
    assert events[2]["object"]["data"] == {"x": "1"}
    versions = [int(event["object"]["metadata"]["resourceVersion"]) for event in events]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("version", ["", "0"])
def test_without_a_version_the_present_comes_first(server: ApiClient, room: str, version: str) -> None:
    server.ok("POST", room, configmap("present"))
    watch = server.watch(room, resourceVersion=version)
    assert told([watch.next()]) == [("ADDED", "present")]
    server.ok("POST", room, configmap("later"))
    assert told([watch.next()]) == [("ADDED", "later")]
    watch.close()


def test_a_watch_resumes_where_it_was(server: ApiClient, room: str) -> None:
    start = here(server, room)
    for number in range(600):
        server.ok("POST", room, configmap(f"r{number:03}"))
    server.ok("DELETE", f"{room}/r000")
    watch = server.watch(room, resourceVersion=start)
    events = watch.take(601)
    watch.close()
    assert told(events)[:2] == [("ADDED", "r000"), ("ADDED", "r001")]
    assert told(events)[-1] == ("DELETED", "r000")


def test_selectors_turn_changes_into_coming_and_going(server: ApiClient, room: str) -> None:
    start = here(server, room)
    live = server.watch(room, resourceVersion=start, labelSelector="team=red")
    server.ok("POST", room, configmap("m", {"n": "1"}, labels={"team": "blue"}))
    server.ok("PATCH", f"{room}/m", {"metadata": {"labels": {"team": "red"}}}, content_type=MERGE)
    server.ok("PATCH", f"{room}/m", {"data": {"n": "2"}}, content_type=MERGE)
    server.ok("PATCH", f"{room}/m", {"metadata": {"labels": {"team": "blue"}}, "data": {"n": "3"}}, content_type=MERGE)
    server.ok("DELETE", f"{room}/m")
    server.ok("POST", room, configmap("end", labels={"team": "red"}))
    wanted = [("ADDED", "m"), ("MODIFIED", "m"), ("DELETED", "m"), ("ADDED", "end")]
    events = live.take(4)
    live.close()
    replay = server.watch(room, resourceVersion=start, labelSelector="team=red")
    again = replay.take(4)
    replay.close()
    assert told(events) == told(again) == wanted
    # what left the selection is shown as it was last seen, with the version of the change
    assert events[2]["object"]["data"] == {"n": "2"}
    assert events[2]["object"] == again[2]["object"]
    assert int(events[2]["object"]["metadata"]["resourceVersion"]) > int(
        events[1]["object"]["metadata"]["resourceVersion"]
    )


def test_field_selectors(server: ApiClient) -> None:
    start = server.ok("GET", PODS)["metadata"]["resourceVersion"]
    watch = server.watch(PODS, resourceVersion=start, fieldSelector="spec.nodeName=argotui-local")
    server.ok("POST", PODS, pod("fs-1"))
    server.ok("POST", PODS, pod("fs-2"))
    server.ok("POST", f"{PODS}/fs-2/binding", {"metadata": {"name": "fs-2"}, "target": {"name": "argotui-local"}})
    assert told([watch.next()]) == [("ADDED", "fs-2")]
    watch.close()


def test_one_object_is_watched_by_its_name(server: ApiClient, room: str) -> None:
    server.ok("POST", room, configmap("one"))
    watch = server.watch(room, resourceVersion=here(server, room), fieldSelector="metadata.name=one")
    server.ok("POST", room, configmap("other"))
    server.ok("DELETE", f"{room}/one")
    assert told([watch.next()]) == [("DELETED", "one")]
    watch.close()


def test_a_path_of_one_object_is_no_watch(server: ApiClient, room: str) -> None:
    made = server.ok("POST", room, configmap("one"))
    assert server.ok("GET", f"{room}/one", watch="true") == made


def test_bookmarks_end_a_watch_that_has_a_time(server: ApiClient, room: str) -> None:
    start = here(server, room)
    watch = server.watch(room, resourceVersion=start, timeoutSeconds=4, allowWatchBookmarks="true")
    server.ok("POST", CONFIGMAPS, configmap("elsewhere"))
    events = watch.rest()
    assert events[-1]["type"] == "BOOKMARK"
    assert events[-1]["object"]["kind"] == "ConfigMap"
    assert int(events[-1]["object"]["metadata"]["resourceVersion"]) > int(start)


def test_initial_events_end_with_a_bookmark(server: ApiClient, room: str) -> None:
    server.ok("POST", room, configmap("initial"))
    more = {"sendInitialEvents": "true", "allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan"}
    watch = server.watch(room, **more)
    added, mark = watch.take(2)
    watch.close()
    assert told([added]) == [("ADDED", "initial")]
    assert mark["type"] == "BOOKMARK"
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    code, refusal = server.ask("GET", room, watch="true", sendInitialEvents="true")
    assert (code, refusal["reason"]) == (422, "Invalid")


def test_tables_bring_their_columns_once(server: ApiClient, room: str) -> None:
    watch = server.watch(room, accept=TABLE, resourceVersion=here(server, room))
    server.ok("POST", room, configmap("t1", {"a": "1"}))
    server.ok("POST", room, configmap("t2"))
    first, second = watch.take(2)
    watch.close()
    assert [column["name"] for column in first["object"]["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert first["object"]["rows"][0]["cells"][:2] == ["t1", 1]
    assert second["object"]["columnDefinitions"] is None
    assert second["object"]["rows"][0]["object"]["metadata"]["name"] == "t2"


def test_metadata_watches(server: ApiClient, room: str) -> None:
    watch = server.watch(room, accept=METADATA, resourceVersion=here(server, room))
    server.ok("POST", room, configmap("thin", {"a": "1"}))
    event = watch.next()
    watch.close()
    assert event["object"]["kind"] == "PartialObjectMetadata"
    assert "data" not in event["object"]


def test_many_watchers_hear_the_same(server: ApiClient, room: str) -> None:
    start = here(server, room)
    watches = [server.watch(room, resourceVersion=start) for _ in range(20)]
    heard: list[list[str]] = []

    def listen(index: int) -> None:
        heard.append([event["object"]["metadata"]["name"] for event in watches[index].take(50)])

    threads = [threading.Thread(target=listen, args=(index,)) for index in range(20)]
    for thread in threads:
        thread.start()
    for number in range(50):
        server.ok("POST", room, configmap(f"w{number}"))
    for thread in threads:
        thread.join(30)
    assert heard == [[f"w{number}" for number in range(50)]] * 20
    for watch in watches:
        watch.close()
