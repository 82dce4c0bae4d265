"""Who asks, and whether they may: tokens, roles, bindings, reviews."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from argotui.local.apiserver import reviews, served
from argotui.local.apiserver.access import asking, escalation, podaccounts, policy
from argotui.local.apiserver.access.access import Access
from argotui.local.apiserver.access.authoriser import Asked
from argotui.local.apiserver.access.tokens import ISSUER, BadToken
from argotui.local.apiserver.access.users import AUTHENTICATED, MASTERS, User, account_groups, account_name
from argotui.local.apiserver.requests import target_of
from argotui.local.apiserver.served import Served
from argotui.local.apiserver.status import StatusError
from argotui.local.apiserver.storage.entry import Key
from argotui.local.apiserver.storage.store import Change, Store
from argotui.local.secrets import USER_SECRET
from argotui.model import resources

Document = dict[str, Any]
GROUP = "rbac.authorization.k8s.io"
ADMIN = User("admin", (MASTERS, AUTHENTICATED))
BOB = User("bob", ("devs", AUTHENTICATED))
SERVED = Served()


class World:
    """A store with access to it, and the roles that every cluster has."""

    def __init__(self, directory: Path) -> None:
        (directory / "ca.pem").write_text("certificate")
        self.store = Store(directory / "db.sqlite", served.field_paths(), self._publish)
        self.access = Access(directory, self.store, {"admin-token": ADMIN})
        self.access.load()

    def _publish(self, change: Change) -> None:
        for observe in self.access.observers:
            observe(change)

    async def put(self, resource: resources.Resource, name: str, namespace: str = "", **content: Any) -> Change:
        """Stores an object."""
        metadata = {"name": name, "uid": f"uid-{name}", **content.pop("metadata", {})}
        document: Document = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata}
        if namespace:
            metadata["namespace"] = namespace
        return await self.store.put(Key(resource.group_resource, namespace, name), {**document, **content})

    async def delete(self, resource: resources.Resource, name: str, namespace: str = "") -> None:
        """Removes one."""
        key = Key(resource.group_resource, namespace, name)
        entry = self.store.latest(key)
        assert entry is not None
        await self.store.delete(key, self.store.latest_document(entry))

    async def role(self, name: str, *rules: Document, namespace: str = "ns", **more: Any) -> None:
        """A Role, or a ClusterRole without a namespace."""
        kind = resources.ROLES if namespace else resources.CLUSTER_ROLES
        await self.put(kind, name, namespace, rules=list(rules), **more)

    async def bind(self, kind: str, name: str, *subjects: Document, namespace: str = "ns") -> None:
        """A binding of the same name."""
        resource = resources.ROLE_BINDINGS if namespace else resources.CLUSTER_ROLE_BINDINGS
        reference = {"apiGroup": GROUP, "kind": kind, "name": name}
        await self.put(resource, name, namespace, roleRef=reference, subjects=list(subjects))

    def may(self, user: User, verb: str, resource: str, namespace: str = "ns", name: str = "") -> bool:
        """Whether a user may do something to an object of the core group."""
        plural, _, part = resource.partition("/")
        asked = Asked(verb, "", "v1", plural, part, namespace, name)
        allowed = self.access.authoriser.allows(user, asked)
        assert self.access.authoriser.decide(user, asked).allowed is allowed
        return allowed


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    found = World(tmp_path)
    yield found
    found.store.close()


def rule(resources: str, verbs: str, group: str = "", **more: Any) -> Document:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split(), **more}


def user(name: str) -> Document:
    return {"kind": "User", "apiGroup": GROUP, "name": name}


async def test_roles_hold_where_they_are_bound(world: World) -> None:
    await world.role("reader", rule("pods pods/log", "get list"))
    await world.bind("Role", "reader", user("bob"))
    assert world.may(BOB, "get", "pods", name="x")
    assert world.may(BOB, "get", "pods/log", name="x")
    assert not world.may(BOB, "delete", "pods", name="x")
    assert not world.may(BOB, "get", "pods", namespace="other", name="x")
    assert not world.may(BOB, "list", "pods", namespace="")
    assert world.may(ADMIN, "delete", "anything", namespace="")


async def test_cluster_roles_by_both_bindings_and_groups(world: World) -> None:
    await world.role("nodes", rule("nodes", "list"), namespace="")
    await world.role("maps", rule("configmaps", "*"), namespace="")
    await world.bind("ClusterRole", "nodes", {"kind": "Group", "apiGroup": GROUP, "name": "devs"}, namespace="")
    await world.bind("ClusterRole", "maps", user("bob"))
    assert world.may(BOB, "list", "nodes", namespace="")
    assert world.may(BOB, "create", "configmaps")
    assert not world.may(BOB, "create", "configmaps", namespace="other")
    assert not world.may(User("eve", (AUTHENTICATED,)), "list", "nodes", namespace="")


async def test_rights_end_with_their_binding_their_role_and_their_rule(world: World) -> None:
    await world.role("reader", rule("pods", "get"))
    await world.bind("Role", "reader", user("bob"))
    assert world.may(BOB, "get", "pods", name="x")
    await world.role("reader", rule("pods", "list"))
    assert not world.may(BOB, "get", "pods", name="x")
    await world.delete(resources.ROLES, "reader", "ns")
    decision = world.access.authoriser.decide(BOB, Asked("list", "", "v1", "pods", namespace="ns"))
    assert decision.reason == 'RBAC: role.rbac.authorization.k8s.io "reader" not found'
    await world.delete(resources.ROLE_BINDINGS, "reader", "ns")
    assert not world.access.authoriser.decide(BOB, Asked("list", "", "v1", "pods", namespace="ns")).reason


async def test_reasons_name_the_binding(world: World) -> None:
    await world.role("reader", rule("pods", "get"))
    await world.bind("Role", "reader", {"kind": "ServiceAccount", "name": "robot"})
    robot = User(account_name("ns", "robot"), (*account_groups("ns"), AUTHENTICATED))
    decision = world.access.authoriser.decide(robot, Asked("get", "", "v1", "pods", namespace="ns", name="x"))
    expected = 'RBAC: allowed by RoleBinding "reader/ns" of Role "reader" to ServiceAccount "robot/ns"'
    assert decision.reason == expected


REFUSALS = [
    (
        ("GET", "/apis/argoproj.io/v1alpha1/namespaces/argo/workflows/x", ""),
        'workflows.argoproj.io "x" is forbidden: User "bob" cannot get resource "workflows" in API group '
        '"argoproj.io" in the namespace "argo"',
    ),
    (
        ("GET", "/api/v1/nodes", "watch=1"),
        'nodes is forbidden: User "bob" cannot watch resource "nodes" in API group "" at the cluster scope',
    ),
    (
        ("GET", "/api/v1/namespaces/argo/pods/p/log", ""),
        'pods "p" is forbidden: User "bob" cannot get resource "pods/log" in API group "" in the namespace "argo"',
    ),
    (
        ("POST", "/api/v1/namespaces/argo/pods/p/exec", ""),
        'pods "p" is forbidden: User "bob" cannot create resource "pods/exec" in API group "" in the namespace "argo"',
    ),
    (
        ("DELETE", "/api/v1/namespaces/argo/pods", ""),
        'pods is forbidden: User "bob" cannot deletecollection resource "pods" in API group "" in the namespace "argo"',
    ),
    (
        ("GET", "/api/v1/namespaces/argo", ""),
        'namespaces "argo" is forbidden: User "bob" cannot get resource "namespaces" in API group "" in the namespace '
        '"argo"',
    ),
    (("GET", "/metrics", ""), 'forbidden: User "bob" cannot get path "/metrics"'),
    (
        ("GET", "/api/v1/namespaces/argo/secrets", "fieldSelector=metadata.name=s"),
        'secrets "s" is forbidden: User "bob" cannot list resource "secrets" in API group "" in the namespace "argo"',
    ),
]


@pytest.mark.parametrize(("request_", "text"), REFUSALS)
async def test_refusals_in_kubernetes_words(world: World, request_: tuple[str, str, str], text: str) -> None:
    method, path, query = request_
    pairs = dict([query.split("=", 1)]) if query else {}
    asked = asking.asked_of(method, path, target_of(path.strip("/").split("/")), pairs)
    with pytest.raises(StatusError) as caught:
        asking.authorise(world.access.authoriser, BOB, asked)
    assert (caught.value.code, caught.value.reason, caught.value.message) == (403, "Forbidden", text)


async def test_looking_at_pods_is_no_right_to_run_commands(world: World) -> None:
    await world.role("looker", rule("pods/exec", "get"))
    await world.bind("Role", "looker", user("bob"))
    with pytest.raises(StatusError, match="cannot create resource"):
        asking.authorise(world.access.authoriser, BOB, Asked("get", "", "v1", "pods", "exec", "ns", "p"))


async def account(world: World, name: str = "robot") -> Document:
    await world.put(resources.SERVICE_ACCOUNTS, name, "ns")
    await world.put(resources.PODS, "p", "ns", spec={"serviceAccountName": name})
    own = {"namespace": "ns", "serviceaccount": {"name": name, "uid": f"uid-{name}"}}
    own["pod"] = {"name": "p", "uid": "uid-p"}
    return {
        "iss": ISSUER,
        "aud": [ISSUER],
        "exp": time.time() + 60,
        "nbf": time.time(),
        "kubernetes.io": own,
        "jti": "j",
    }


async def test_tokens_of_accounts(world: World) -> None:
    claims = await account(world)
    token = world.access.signer.sign(claims)
    found = world.access.authenticator.user_of(f"Bearer {token}")
    assert found is not None
    assert found.name == "system:serviceaccount:ns:robot"
    assert found.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", AUTHENTICATED)
    assert dict(found.extra)["authentication.kubernetes.io/pod-name"] == ("p",)
    await world.delete(resources.PODS, "p", "ns")
    assert world.access.authenticator.user_of(f"Bearer {token}") is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"exp": 1}, "expired"),
        ({"nbf": time.time() + 1000}, "not valid yet"),
        ({"aud": ["others"]}, "meant for others"),
        ({"kubernetes.io": {"namespace": "ns", "serviceaccount": {"name": "robot", "uid": "old"}}}, "is gone"),
        ({"kubernetes.io": {}}, "is gone"),
    ],
)
async def test_tokens_that_are_not_good(world: World, change: Document, why: str) -> None:
    token = world.access.signer.sign({**await account(world), **change})
    with pytest.raises(BadToken, match=why):
        world.access.authenticator.user_of_token(token)


async def test_hostile_tokens(world: World, tmp_path: Path) -> None:
    good = world.access.signer.sign(await account(world))
    head, body, mark = good.split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    flipped = ("A" if mark[5] != "A" else "B").join((mark[:5], mark[6:]))
    hostile = ["", ".", "..", "ey..", f"{unsigned}.{body}.", f"{unsigned}.{body}.{mark}", f"{head}.{body}.{flipped}"]
    hostile += [f"{head}.{body}", f"{head}.{body}.{mark}A", f"{head}.{body[:-4]}.{mark}", "ey." + "x" * 100_000 + ".x"]
    hostile += ["eyÿ.é.ü", f"{head}.{body}.{'!' * 86}", "\udcff"]
    for token in hostile:
        assert world.access.authenticator.user_of(f"Bearer {token}") is None, token[:40]
    for header in ("", "Bearer", f"Basic {good}", f"Token {good}"):
        assert world.access.authenticator.user_of(header) is None


async def test_a_secret_gets_the_token_of_its_account(world: World) -> None:
    await world.put(resources.SERVICE_ACCOUNTS, "robot", "ns")
    about = {"annotations": {"kubernetes.io/service-account.name": "robot"}}
    await world.put(resources.SECRETS, "s", "ns", type="kubernetes.io/service-account-token", metadata=about)
    entry = world.store.latest(Key("secrets", "ns", "s"))
    assert entry is not None
    await world.store.settled(entry)
    data = world.store.document(entry)["data"]
    token = base64.b64decode(data["token"]).decode()
    assert world.access.authenticator.user_of_token(token).name == "system:serviceaccount:ns:robot"
    await world.delete(resources.SECRETS, "s", "ns")
    with pytest.raises(BadToken, match="secret is gone"):
        world.access.authenticator.user_of_token(token)


def _stored_user(name: str, token: str, groups: str = "") -> Document:
    values = {"name": name, "token-sha256": hashlib.sha256(token.encode()).hexdigest(), "groups": groups}
    return {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}


async def test_users_come_and_go_with_their_secret(world: World) -> None:
    found = world.access.authenticator
    data = _stored_user("ann", "ann-token", "devs,system:masters")
    await world.put(resources.SECRETS, "argotui-user-ann", "kube-system", type=USER_SECRET, data=data)
    assert found.user_of("Bearer ann-token") == User("ann", ("devs", AUTHENTICATED))
    data = _stored_user("ann", "new-token")
    await world.put(resources.SECRETS, "argotui-user-ann", "kube-system", type=USER_SECRET, data=data)
    assert found.user_of("Bearer ann-token") is None
    assert found.user_of("Bearer new-token") == User("ann", (AUTHENTICATED,))
    await world.delete(resources.SECRETS, "argotui-user-ann", "kube-system")
    assert found.user_of("Bearer new-token") is None


async def test_no_stored_user_is_one_of_the_systems(world: World) -> None:
    for name in ("system:admin", "system:serviceaccount:argo:default"):
        data = _stored_user(name, "t")
        await world.put(resources.SECRETS, "argotui-user-x", "kube-system", type=USER_SECRET, data=data)
        assert world.access.authenticator.user_of("Bearer t") is None
    other = _stored_user("ann", "t")
    await world.put(resources.SECRETS, "elsewhere", "default", type=USER_SECRET, data=other)
    assert world.access.authenticator.user_of("Bearer t") is None


async def _bootstrap(world: World) -> None:
    for role in policy.cluster_roles():
        await world.store.put(Key(f"clusterroles.{GROUP}", "", role["metadata"]["name"]), role)
    await world.access.aggregator.settle()


async def test_view_edit_and_admin_are_gathered(world: World) -> None:
    await _bootstrap(world)
    for name in ("view", "edit", "admin"):
        await world.bind("ClusterRole", name, user(name), namespace="ns")
    viewer, editor, admin = (User(name, (AUTHENTICATED,)) for name in ("view", "edit", "admin"))
    authoriser = world.access.authoriser

    def may(who: User, verb: str, group: str, plural: str) -> bool:
        return authoriser.allows(who, Asked(verb, group, "v1", plural, namespace="ns"))

    assert may(viewer, "list", "argoproj.io", "workflows")
    assert not may(viewer, "create", "argoproj.io", "workflows")
    assert not may(viewer, "list", "", "secrets")
    assert may(editor, "create", "argoproj.io", "workflows")
    assert may(editor, "list", "", "secrets")
    assert may(editor, "list", "", "configmaps"), "what viewers see, editors see"
    assert not may(editor, "create", GROUP, "roles")
    assert may(admin, "create", GROUP, "roles")


async def test_own_parts_of_a_gathered_role(world: World) -> None:
    await _bootstrap(world)
    labels = {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}
    await world.role("widgets", rule("widgets", "get", "example.io"), namespace="", metadata=labels)
    await world.access.aggregator.settle()
    await world.bind("ClusterRole", "view", user("bob"), namespace="ns")
    asked = Asked("get", "example.io", "v1", "widgets", namespace="ns", name="x")
    assert world.access.authoriser.allows(BOB, asked)
    await world.delete(resources.CLUSTER_ROLES, "widgets")
    await world.access.aggregator.settle()
    assert not world.access.authoriser.allows(BOB, asked)


def _check(world: World, who: User, plural: str, document: Document, old: Document | None = None) -> str:
    collection = SERVED.at(GROUP, "v1", plural)
    assert collection is not None
    try:
        escalation.check(world.access.authoriser, who, collection, document, old)
    except StatusError as error:
        return error.message
    return ""


async def test_nobody_gives_away_what_they_have_not(world: World) -> None:
    await world.role("some", rule("pods", "get list"))
    await world.bind("Role", "some", user("bob"))
    role: Document = {"metadata": {"name": "new", "namespace": "ns"}, "rules": [rule("pods secrets", "get delete")]}
    assert _check(world, BOB, "roles", role) == (
        'roles.rbac.authorization.k8s.io "new" is forbidden: user "bob" (groups=["devs" "system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}'
    )
    assert not _check(world, ADMIN, "roles", role)
    assert not _check(world, BOB, "roles", {**role, "rules": [rule("pods", "list")]})
    gathers = {**role, "rules": [], "aggregationRule": {"clusterRoleSelectors": [{}]}}
    assert "must have cluster-admin privileges to use the aggregationRule" in _check(
        world, BOB, "clusterroles", {**gathers, "metadata": {"name": "new"}}
    )
    await world.role("escalator", rule("roles", "escalate", GROUP))
    await world.bind("Role", "escalator", user("bob"))
    assert not _check(world, BOB, "roles", role)


async def test_nobody_binds_what_they_have_not(world: World) -> None:
    await world.role("strong", rule("secrets", "get"))
    binding: Document = {"metadata": {"name": "b", "namespace": "ns"}, "roleRef": {"kind": "Role", "name": "strong"}}
    assert "attempting to grant RBAC permissions" in _check(world, BOB, "rolebindings", binding)
    missing = {**binding, "roleRef": {"kind": "ClusterRole", "name": "none"}}
    expected = 'rolebindings.rbac.authorization.k8s.io "none" not found'
    assert _check(world, BOB, "rolebindings", missing) == expected
    assert not _check(world, ADMIN, "rolebindings", missing)
    await world.role("binder", rule("roles", "bind", GROUP, resourceNames=["strong"]))
    await world.bind("Role", "binder", user("bob"))
    assert not _check(world, BOB, "rolebindings", binding)


async def test_every_namespace_has_an_account_at_once(world: World) -> None:
    await world.put(resources.NAMESPACES, "fresh")
    entry = world.store.latest(Key("serviceaccounts", "fresh", "default"))
    assert entry is not None, "before anybody is told that the namespace is there"
    await world.store.settled(entry)
    await world.delete(resources.SERVICE_ACCOUNTS, "default", "fresh")
    assert world.store.latest(Key("serviceaccounts", "fresh", "default")) is not None


def _pod(**spec: Any) -> Document:
    return {"metadata": {"name": "p", "namespace": "ns"}, "spec": {"containers": [{"name": "main"}], **spec}}


async def test_pods_get_their_accounts_token(world: World) -> None:
    await world.put(resources.NAMESPACES, "ns")
    pod = _pod()
    podaccounts.admit(world.store, pod)
    (volume,) = pod["spec"]["volumes"]
    (mount,) = pod["spec"]["containers"][0]["volumeMounts"]
    assert pod["spec"]["serviceAccountName"] == pod["spec"]["serviceAccount"] == "default"
    assert mount == {"name": volume["name"], "readOnly": True, "mountPath": podaccounts.MOUNT}
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken", "configMap", "downwardAPI",
    ]  # fmt: skip
    own = _pod(containers=[{"name": "main", "volumeMounts": [{"name": "v", "mountPath": podaccounts.MOUNT}]}])
    podaccounts.admit(world.store, own)
    assert "volumes" not in own["spec"], "a container that mounts something there is left alone"


async def test_pods_without_token_or_account(world: World) -> None:
    await world.put(resources.NAMESPACES, "ns")
    await world.put(resources.SERVICE_ACCOUNTS, "quiet", "ns", automountServiceAccountToken=False)
    for quiet in (_pod(automountServiceAccountToken=False), _pod(serviceAccountName="quiet")):
        podaccounts.admit(world.store, quiet)
        assert "volumes" not in quiet["spec"]
    loud = _pod(serviceAccountName="quiet", automountServiceAccountToken=True)
    podaccounts.admit(world.store, loud)
    assert loud["spec"]["volumes"]
    with pytest.raises(StatusError) as caught:
        podaccounts.admit(world.store, _pod(serviceAccountName="x"))
    expected = 'pods "p" is forbidden: error looking up service account ns/x: serviceaccount "x" not found'
    assert (caught.value.code, caught.value.message) == (403, expected)


async def test_reviews_answer_what_is_decided(world: World) -> None:
    await world.role("reader", rule("pods", "get", resourceNames=["a"]), rule("configmaps", "list"))
    await world.bind("Role", "reader", user("bob"))

    def status(kind: str, spec: Document, who: User = BOB, namespace: str = "") -> Document:
        found: Document = reviews.answer(kind, {"spec": spec}, world.access, who, namespace)["status"]
        return found

    rules = status("SelfSubjectRulesReview", {"namespace": "ns"})
    assert not rules["incomplete"]
    assert rules["resourceRules"][0] == {
        "verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"],
    }  # fmt: skip
    about = {"verb": "get", "resource": "pods", "name": "a", "namespace": "ns"}
    assert status("SelfSubjectAccessReview", {"resourceAttributes": about})["allowed"]
    other = {"resourceAttributes": {**about, "name": "b"}}
    assert status("SelfSubjectAccessReview", other) == {"allowed": False}
    assert status("SubjectAccessReview", {"user": "bob", "resourceAttributes": about}, ADMIN)["allowed"]
    assert not status("SubjectAccessReview", {"user": "eve", "resourceAttributes": about}, ADMIN)["allowed"]
    local = {"user": "bob", "resourceAttributes": about}
    assert status("LocalSubjectAccessReview", local, ADMIN, "ns")["allowed"]
    with pytest.raises(StatusError, match=r"must match metadata\.namespace"):
        status("LocalSubjectAccessReview", local, ADMIN, "other")
    assert status("SelfSubjectReview", {})["userInfo"]["username"] == "bob"
    assert status("TokenReview", {"token": "admin-token"}, ADMIN)["user"]["username"] == "admin"
    assert "authenticated" not in status("TokenReview", {"token": "x"}, ADMIN)
    with pytest.raises(StatusError, match="no namespace on request"):
        status("SelfSubjectRulesReview", {})
