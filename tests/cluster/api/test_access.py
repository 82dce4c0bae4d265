"""Who may do what: roles, bindings, impersonation, tokens of ServiceAccounts, reviews, and the words of refusals."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.cluster.apiclient import CONFIGMAPS, JSON, PODS, WORKFLOWS, ApiClient, Document, configmap, pod, until

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLES, BINDINGS = f"{RBAC}/namespaces/argo/roles", f"{RBAC}/namespaces/argo/rolebindings"
ACCOUNTS = "/api/v1/namespaces/argo/serviceaccounts"
REVIEWS = "/apis/authorization.k8s.io/v1"
GROUP = "rbac.authorization.k8s.io"


class Person:
    """Somebody else than the administrator: by impersonation, or by a token."""

    def __init__(self, server: ApiClient, **headers: str) -> None:
        self._server = server
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def ask(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> tuple[int, Document]:
        """(status code, answer)"""
        data = None if body is None else json.dumps(body).encode()
        answer = self._server.raw(method, path, data, content_type=content_type, headers=self._headers)
        text = answer.read()
        try:
            return answer.status, dict(json.loads(text))
        except ValueError:
            return answer.status, {"text": text.decode()}

    def told(self, method: str, path: str, body: Any = None, content_type: str = JSON) -> str:
        """The message of a refusal that has to be 403."""
        code, answer = self.ask(method, path, body, content_type)
        assert code == 403, answer
        assert answer["reason"] == "Forbidden"
        return str(answer["message"])


def rule(resources: str, verbs: str, group: str = "", names: str = "") -> Document:
    found: Document = {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}
    return {**found, "resourceNames": names.split()} if names else found


def grant(server: ApiClient, name: str, *rules: Document) -> Person:
    """A user `name` with a Role of these rules in `argo`; it works when this returns."""
    server.ok("POST", ROLES, {"metadata": {"name": name}, "rules": list(rules)})
    subject = {"kind": "User", "apiGroup": GROUP, "name": name}
    reference = {"kind": "Role", "apiGroup": GROUP, "name": name}
    server.ok("POST", BINDINGS, {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]})
    verb, resource = rules[0]["verbs"][0], rules[0]["resources"][0].partition("/")
    about = {"verb": verb, "resource": resource[0], "subresource": resource[2], "namespace": "argo"}
    about |= {"group": rules[0]["apiGroups"][0], "name": rules[0].get("resourceNames", [""])[0]}
    spec = {"user": name, "resourceAttributes": about}
    until(lambda: server.ok("POST", f"{REVIEWS}/subjectaccessreviews", {"spec": spec})["status"]["allowed"])
    return Person(server, Impersonate_User=name)


@pytest.fixture(scope="module")
def reader(server: ApiClient) -> Person:
    """May read pods and ConfigMaps, and one Secret."""
    return grant(
        server, "reader", rule("pods configmaps", "get list watch"), rule("secrets", "get list", names="the-one")
    )


HERE, EVERYWHERE = 'in the namespace "argo"', "at the cluster scope"
REFUSED = [
    ("GET", f"{WORKFLOWS}/x", 'workflows.argoproj.io "x"', "get", "workflows", "argoproj.io", HERE),
    ("GET", WORKFLOWS, "workflows.argoproj.io", "list", "workflows", "argoproj.io", HERE),
    ("GET", f"{WORKFLOWS}?watch=1", "workflows.argoproj.io", "watch", "workflows", "argoproj.io", HERE),
    ("GET", "/api/v1/pods", "pods", "list", "pods", "", EVERYWHERE),
    ("GET", "/api/v1/nodes/n", 'nodes "n"', "get", "nodes", "", EVERYWHERE),
    ("GET", "/api/v1/namespaces", "namespaces", "list", "namespaces", "", EVERYWHERE),
    ("GET", "/api/v1/namespaces/argo", 'namespaces "argo"', "get", "namespaces", "", HERE),
    ("DELETE", f"{CONFIGMAPS}/x", 'configmaps "x"', "delete", "configmaps", "", HERE),
    ("DELETE", CONFIGMAPS, "configmaps", "deletecollection", "configmaps", "", HERE),
    ("GET", f"{PODS}/x/log", 'pods "x"', "get", "pods/log", "", HERE),
    ("POST", f"{PODS}/x/exec", 'pods "x"', "create", "pods/exec", "", HERE),
    ("GET", "/api/v1/namespaces/argo/secrets", "secrets", "list", "secrets", "", HERE),
    ("GET", "/apis/a.io/v1/namespaces/argo/nothings/x", 'nothings.a.io "x"', "get", "nothings", "a.io", HERE),
]


@pytest.mark.parametrize(("method", "path", "what", "verb", "kind", "group", "where"), REFUSED)
def test_refusals(
    reader: Person, method: str, path: str, what: str, verb: str, kind: str, group: str, where: str
) -> None:
    user = f'User "reader" cannot {verb} resource "{kind}" in API group "{group}"'
    assert reader.told(method, path) == f"{what} is forbidden: {user} {where}"


def test_paths_that_are_no_objects(reader: Person) -> None:
    assert reader.told("GET", "/metrics") == 'forbidden: User "reader" cannot get path "/metrics"'


def test_writes_are_refused_by_their_verb(reader: Person) -> None:
    create = reader.told("POST", CONFIGMAPS, configmap("x"))
    assert create.startswith('configmaps is forbidden: User "reader" cannot create resource "configmaps"')
    assert "cannot update" in reader.told("PUT", f"{CONFIGMAPS}/x", configmap("x"))
    assert "cannot patch" in reader.told("PATCH", f"{CONFIGMAPS}/x", {}, "application/merge-patch+json")


def test_what_is_granted_works(server: ApiClient, reader: Person) -> None:
    server.ok("POST", CONFIGMAPS, configmap("granted"))
    assert reader.ask("GET", f"{CONFIGMAPS}/granted")[0] == 200
    assert reader.ask("GET", CONFIGMAPS)[0] == 200
    assert reader.ask("GET", f"{CONFIGMAPS}/none")[0] == 404
    assert reader.ask("GET", "/apis")[0] == 200
    assert reader.ask("GET", "/version")[0] == 200


def test_one_object_by_its_name(server: ApiClient, reader: Person) -> None:
    secrets = "/api/v1/namespaces/argo/secrets"
    server.ok("POST", secrets, {"metadata": {"name": "the-one"}})
    assert reader.ask("GET", f"{secrets}/the-one")[0] == 200
    assert '"secrets"' in reader.told("GET", f"{secrets}/another")
    code, found = reader.ask("GET", f"{secrets}?fieldSelector={quote('metadata.name=the-one')}")
    assert (code, [item["metadata"]["name"] for item in found["items"]]) == (200, ["the-one"])
    assert "cannot list" in reader.told("GET", f"{secrets}?fieldSelector={quote('metadata.name!=the-one')}")


def test_nobody_gives_away_more_than_they_have(server: ApiClient) -> None:
    verbs = "get create update patch"
    maker = grant(server, "maker", rule("roles rolebindings", verbs, GROUP), rule("pods", "get list"))
    rules = [rule("pods secrets", "get delete"), rule("secrets", "get", names="a")]
    text = maker.told("POST", ROLES, {"metadata": {"name": "more"}, "rules": rules})
    assert text == (
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "maker" (groups=["system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'
    )
    less = {"metadata": {"name": "less"}, "rules": [rule("pods", "list")]}
    assert maker.ask("POST", ROLES, less)[0] == 201
    mine = {"kind": "User", "apiGroup": GROUP, "name": "maker"}
    binding = {"metadata": {"name": "more"}, "subjects": [mine]}
    strong = {"kind": "ClusterRole", "apiGroup": GROUP, "name": "cluster-admin"}
    text = maker.told("POST", BINDINGS, {**binding, "roleRef": strong})
    assert text == (
        'rolebindings.rbac.authorization.k8s.io "more" is forbidden: user "maker" (groups=["system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n'
        '{NonResourceURLs:["*"], Verbs:["*"]}'
    )
    none = {"kind": "Role", "apiGroup": GROUP, "name": "none"}
    code, answer = maker.ask("POST", BINDINGS, {**binding, "roleRef": none})
    assert (code, answer["message"]) == (404, 'rolebindings.rbac.authorization.k8s.io "none" not found')
    own = {"kind": "Role", "apiGroup": GROUP, "name": "less"}
    assert maker.ask("POST", BINDINGS, {**binding, "roleRef": own})[0] == 201


def test_a_binding_to_nothing_is_told(server: ApiClient) -> None:
    subject = {"kind": "User", "apiGroup": GROUP, "name": "hanging"}
    reference = {"kind": "ClusterRole", "apiGroup": GROUP, "name": "not-there"}
    server.ok("POST", BINDINGS, {"metadata": {"name": "hanging"}, "roleRef": reference, "subjects": [subject]})
    person = Person(server, Impersonate_User="hanging")
    expected = ': RBAC: clusterrole.rbac.authorization.k8s.io "not-there" not found'
    until(lambda: person.told("GET", PODS).endswith(expected))


def test_a_role_that_is_bound_stays_that_role(server: ApiClient) -> None:
    server.ok("POST", ROLES, {"metadata": {"name": "first"}, "rules": []})
    reference = {"kind": "Role", "apiGroup": GROUP, "name": "first"}
    made = server.ok("POST", BINDINGS, {"metadata": {"name": "stays"}, "roleRef": reference})
    made["roleRef"] = {**reference, "name": "second"}
    code, answer = server.ask("PUT", f"{BINDINGS}/stays", made)
    assert (code, answer["details"]["causes"][0]["field"]) == (422, "roleRef")
    assert "cannot change roleRef" in answer["message"]


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ([{"apiGroups": [""], "resources": ["pods"], "verbs": []}], "rules[0].verbs"),
        ([{"resources": ["pods"], "verbs": ["get"]}], "rules[0].apiGroups"),
        ([{"apiGroups": [""], "verbs": ["get"]}], "rules[0].resources"),
        ([{"nonResourceURLs": ["/x"], "verbs": ["get"]}], "rules[0].nonResourceURLs"),
    ],
)
def test_rules_that_make_no_sense(server: ApiClient, rules: list[Document], field: str) -> None:
    code, answer = server.ask("POST", ROLES, {"metadata": {"name": "nonsense"}, "rules": rules})
    assert (code, answer["details"]["causes"][0]["field"]) == (422, field)


def test_impersonation_has_to_be_allowed(server: ApiClient, reader: Person) -> None:
    person = grant(server, "actor", rule("users", "impersonate"))
    del person
    assert reader.ask("GET", PODS)[0] == 200, "the administrator may be anybody"
    account = Person(server, Impersonate_User="system:serviceaccount:argo:default")
    code, me = account.ask("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    info = me["status"]["userInfo"]
    assert (code, info["username"]) == (201, "system:serviceaccount:argo:default")
    assert info["groups"] == ["system:serviceaccounts", "system:serviceaccounts:argo", "system:authenticated"]


def _token(server: ApiClient, name: str, **spec: Any) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return str(server.ok("POST", f"{ACCOUNTS}/{name}/token", body)["status"]["token"])


def test_tokens_of_accounts(server: ApiClient) -> None:
    made = server.ok("POST", ACCOUNTS, {"metadata": {"name": "robot"}})
    token = _token(server, "robot")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["sub"] == "system:serviceaccount:argo:robot"
    assert claims["kubernetes.io"]["serviceaccount"] == {"name": "robot", "uid": made["metadata"]["uid"]}
    assert claims["exp"] - claims["iat"] == 3600
    robot = Person(server, Authorization=f"Bearer {token}")
    assert 'User "system:serviceaccount:argo:robot" cannot list' in robot.told("GET", PODS)
    review = server.ok("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": token}})["status"]
    assert review["authenticated"] is True
    assert review["user"]["username"] == "system:serviceaccount:argo:robot"
    server.ok("DELETE", f"{ACCOUNTS}/robot")
    until(lambda: robot.ask("GET", PODS)[0] == 401)


def test_tokens_that_are_refused(server: ApiClient) -> None:
    for token in ("x", "a.b.c", "ey.ey.ey"):
        code, answer = Person(server, Authorization=f"Bearer {token}").ask("GET", PODS)
        assert (code, answer["reason"], answer["message"]) == (401, "Unauthorized", "Unauthorized")
    server.ok("POST", ACCOUNTS, {"metadata": {"name": "short"}})
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 60}}
    code, answer = server.ask("POST", f"{ACCOUNTS}/short/token", body)
    assert (code, answer["details"]["causes"][0]["field"]) == (422, "spec.expirationSeconds")
    assert server.ask("POST", f"{ACCOUNTS}/nobody/token", body)[0] == 404


def test_a_pod_needs_its_account(server: ApiClient) -> None:
    body = pod("homeless")
    body["spec"]["serviceAccountName"] = "no-such"
    code, answer = server.ask("POST", PODS, body)
    why = 'error looking up service account argo/no-such: serviceaccount "no-such" not found'
    assert (code, answer["message"]) == (403, f'pods "homeless" is forbidden: {why}')


def test_reviews(server: ApiClient, reader: Person) -> None:
    rules = reader.ask("POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": "argo"}})[1]["status"]
    assert rules["incomplete"] is False
    expected = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods", "configmaps"]}
    assert expected in rules["resourceRules"]
    about = {"verb": "get", "resource": "pods", "namespace": "argo"}
    yes = reader.ask("POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {"resourceAttributes": about}})[1]
    assert yes["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "reader/argo" of Role "reader" to User "reader"',
    }
    other = {"spec": {"resourceAttributes": {**about, "namespace": "default"}}}
    assert reader.ask("POST", f"{REVIEWS}/selfsubjectaccessreviews", other)[1]["status"] == {"allowed": False}
    assert "subjectaccessreviews" in reader.told("POST", f"{REVIEWS}/subjectaccessreviews", other)
    code, answer = server.ask("POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {}})
    assert (code, answer["message"]) == (400, "no namespace on request")
