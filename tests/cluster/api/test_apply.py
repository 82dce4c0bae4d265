"""Server-side apply: who owns which field, and what follows from it."""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.apiclient import CONFIGMAPS, MERGE, PODS, WORKFLOWS, ApiClient, Document, configmap, pod

APPLY = "application/apply-patch+yaml"


def apply(server: ApiClient, path: str, body: Document, manager: str = "tester", **query: Any) -> tuple[int, Any]:
    """(code, answer) of an apply."""
    return server.ask("PATCH", path, body, content_type=APPLY, fieldManager=manager, **query)


def applied(server: ApiClient, path: str, body: Document, manager: str = "tester", **query: Any) -> Document:
    """The answer of an apply that has to succeed."""
    code, answer = apply(server, path, body, manager, **query)
    assert code < 300, answer
    return dict(answer)


def owned(made: Document) -> dict[tuple[str, str], Any]:
    """(manager, operation) to the fields it owns."""
    return {(e["manager"], e["operation"]): e["fieldsV1"] for e in made["metadata"].get("managedFields", ())}


def test_apply_creates_what_is_not_there(server: ApiClient) -> None:
    code, made = apply(server, f"{CONFIGMAPS}/sa-new", configmap("sa-new", {"a": "1"}, labels={"l": "x"}))
    assert code == 201
    (entry,) = made["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"], entry["apiVersion"]) == ("tester", "Apply", "v1")
    assert entry["fieldsType"] == "FieldsV1"
    assert entry["time"].endswith("Z")
    assert entry["fieldsV1"] == {"f:data": {"f:a": {}}, "f:metadata": {"f:labels": {"f:l": {}}}}
    code, again = apply(server, f"{CONFIGMAPS}/sa-new", configmap("sa-new", {"a": "1"}, labels={"l": "x"}))
    assert code == 200
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_apply_reads_yaml(server: ApiClient) -> None:
    text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sa-yaml}\ndata: {a: '1'}\n"
    answer = server.raw("PATCH", f"{CONFIGMAPS}/sa-yaml?fieldManager=tester", text, content_type=APPLY)
    assert answer.status == 201
    assert json.loads(answer.read())["data"] == {"a": "1"}


def test_what_is_no_longer_applied_goes(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-gone"
    applied(server, path, configmap("sa-gone", {"a": "1", "b": "2"}))
    assert applied(server, path, configmap("sa-gone", {"a": "1"}))["data"] == {"a": "1"}


def test_what_somebody_else_owns_too_stays(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-both"
    applied(server, path, configmap("sa-both", {"a": "1", "b": "2"}))
    shared = applied(server, path, configmap("sa-both", {"b": "2"}), "other")
    assert owned(shared)["other", "Apply"] == {"f:data": {"f:b": {}}}
    assert applied(server, path, configmap("sa-both", {"a": "1"}))["data"] == {"a": "1", "b": "2"}
    nothing = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sa-both"}}
    left = applied(server, path, nothing, "other")
    assert left["data"] == {"a": "1"}
    assert ("other", "Apply") not in owned(left)


def test_a_field_of_somebody_else_is_a_conflict(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-conflict"
    applied(server, path, configmap("sa-conflict", {"a": "1"}))
    code, refusal = apply(server, path, configmap("sa-conflict", {"a": "2"}), "other")
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert refusal["message"] == 'Apply failed with 1 conflict: conflict with "tester": .data.a'
    assert refusal["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "tester"', "field": ".data.a"}
    ]
    assert server.ok("GET", path)["data"] == {"a": "1"}


def test_force_takes_the_field(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-force"
    applied(server, path, configmap("sa-force", {"a": "1", "b": "1"}))
    taken = applied(server, path, configmap("sa-force", {"a": "2"}), "other", force="true")
    assert taken["data"] == {"a": "2", "b": "1"}
    assert owned(taken)["tester", "Apply"] == {"f:data": {"f:b": {}}}


def test_updates_own_what_they_change(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-update"
    server.ok("POST", CONFIGMAPS, configmap("sa-update", {"a": "1"}), fieldManager="maker")
    changed = server.ok("PATCH", path, {"data": {"b": "2"}}, content_type=MERGE, fieldManager="editor")
    found = owned(changed)
    assert found["maker", "Update"] == {"f:data": {".": {}, "f:a": {}}}
    assert found["editor", "Update"] == {"f:data": {"f:b": {}}}
    code, refusal = apply(server, path, configmap("sa-update", {"b": "3"}))
    assert code == 409
    assert 'conflict with "editor" using v1 at ' in refusal["message"] or 'conflict with "editor"' in refusal["message"]
    same = applied(server, path, configmap("sa-update", {"b": "2"}))
    assert owned(same)["tester", "Apply"] == {"f:data": {"f:b": {}}}
    assert owned(same)["editor", "Update"] == {"f:data": {"f:b": {}}}


def test_the_manager_of_an_update_is_read_from_the_user_agent(server: ApiClient) -> None:
    body = json.dumps(configmap("sa-agent", {"a": "1"})).encode()
    answer = server.raw("POST", CONFIGMAPS, body, headers={"User-Agent": "probe/1.2 (linux)"})
    assert list(owned(json.loads(answer.read()))) == [("probe", "Update")]


def test_lists_are_merged_by_their_keys(server: ApiClient) -> None:
    path = f"{PODS}/sa-lists"
    first = pod("sa-lists")
    first["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    made = applied(server, path, first)
    keys = owned(made)["tester", "Apply"]["f:spec"]["f:containers"]
    assert set(keys) == {'k:{"name":"main"}'}
    assert set(keys['k:{"name":"main"}']["f:env"]) == {'k:{"name":"A"}', 'k:{"name":"B"}'}
    image = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sa-lists"}}
    image["spec"] = {"containers": [{"name": "main", "image": "busybox:2"}]}
    code, refusal = apply(server, path, image, "other")
    assert code == 409
    assert '.spec.containers[name="main"].image' in refusal["message"]
    forced = applied(server, path, image, "other", force="true")
    assert forced["spec"]["containers"][0]["image"] == "busybox:2"
    assert len(forced["spec"]["containers"][0]["env"]) == 2


def test_apply_to_status_is_a_matter_of_its_own(server: ApiClient) -> None:
    server.ok("POST", PODS, pod("sa-status"))
    status = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "sa-status"}, "status": {"message": "hello"}}
    made = applied(server, f"{PODS}/sa-status/status", status, "kubelet")
    assert made["status"]["message"] == "hello"
    (entry,) = [e for e in made["metadata"]["managedFields"] if e["manager"] == "kubelet"]
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:message": {}}})


def test_custom_resources_are_applied_too(server: ApiClient) -> None:
    path = f"{WORKFLOWS}/sa-workflow"
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "metadata": {"name": "sa-workflow"}}
    body["spec"] = {"entrypoint": "x", "templates": [{"name": "x", "suspend": {}}]}
    made = applied(server, path, body)
    assert owned(made)["tester", "Apply"] == {"f:spec": {"f:entrypoint": {}, "f:templates": {}}}
    changed = {**body, "spec": {"entrypoint": "y"}}
    code, refusal = apply(server, path, changed, "other")
    assert (code, refusal["reason"]) == (409, "Conflict")
    assert ".spec.entrypoint" in refusal["message"]
    assert applied(server, path, changed)["spec"] == {"entrypoint": "y"}


def test_apply_needs_a_manager(server: ApiClient) -> None:
    code, refusal = server.ask("PATCH", f"{CONFIGMAPS}/sa-nobody", configmap("sa-nobody"), content_type=APPLY)
    assert (code, refusal["reason"]) == (422, "Invalid")
    assert "fieldManager: Required value: is required for apply patch" in refusal["message"]


def test_managed_fields_cannot_be_applied(server: ApiClient) -> None:
    made = applied(server, f"{CONFIGMAPS}/sa-managed", configmap("sa-managed", {"a": "1"}))
    code, refusal = apply(server, f"{CONFIGMAPS}/sa-managed", made)
    assert code == 400
    assert refusal["message"] == "metadata.managedFields must be nil"


def test_an_apply_that_names_another_object_is_refused(server: ApiClient) -> None:
    applied(server, f"{CONFIGMAPS}/sa-name", configmap("sa-name"))
    code, refusal = apply(server, f"{CONFIGMAPS}/sa-name", configmap("sa-other"))
    assert (code, refusal["reason"]) == (400, "BadRequest")
    assert apply(server, f"{CONFIGMAPS}/sa-name", {**configmap("sa-name"), "kind": "Secret"})[0] in (400, 409, 500)


def test_an_unknown_field_is_refused(server: ApiClient) -> None:
    code, refusal = apply(server, f"{CONFIGMAPS}/sa-unknown", {**configmap("sa-unknown"), "dta": {"a": "1"}})
    assert code == 500
    assert ".dta: field not declared in schema" in refusal["message"]


def test_an_empty_list_of_managers_resets_it(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-reset"
    applied(server, path, configmap("sa-reset", {"a": "1"}))
    reset = server.ok("PATCH", path, {"metadata": {"managedFields": [{}]}}, content_type=MERGE)
    assert reset["metadata"].get("managedFields", []) == []


def test_a_rehearsed_apply_changes_nothing(server: ApiClient) -> None:
    path = f"{CONFIGMAPS}/sa-dry"
    code, made = apply(server, path, configmap("sa-dry", {"a": "1"}), dryRun="All")
    assert code == 201
    assert made["data"] == {"a": "1"}
    assert server.ask("GET", path)[0] == 404
