import asyncio
import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from argotui.kube.config import ClusterConfig, contexts, in_cluster, load_cluster
from argotui.kube.credentials import credentials_of
from argotui.kube.errors import ConfigError

PLUGIN = {"command": "a", "apiVersion": "client.authentication.k8s.io/v1"}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def kubeconfig(path: Path, **users: Any) -> Path:
    user = users or {"me": {"token": "t"}}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [
            {"name": "c", "cluster": {"server": "https://h:1/", "certificate-authority-data": b64("CA")}},
        ],
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": next(iter(user)), "namespace": "argo"}}],
        "users": [{"name": name, "user": content} for name, content in user.items()],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_one_file(tmp_path: Path) -> None:
    config = load_cluster(kubeconfig=str(kubeconfig(tmp_path / "k")))
    assert (config.server, config.ca_data, config.token) == ("https://h:1", b"CA", "t")
    assert (config.namespace, config.context_name, config.insecure) == ("argo", "one", False)
    assert "'t'" not in repr(config)


def test_paths_are_relative_to_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crt").write_text("CERT")
    (tmp_path / "key").write_text("KEY")
    monkeypatch.chdir("/")
    path = kubeconfig(tmp_path / "k", me={"client-certificate": "crt", "client-key": "key", "tokenFile": "tok"})
    config = load_cluster(kubeconfig=str(path))
    assert (config.client_cert_data, config.client_key_data) == (b"CERT", b"KEY")
    assert config.token_file == tmp_path / "tok"


def test_several_files_merge_and_the_first_mention_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = tmp_path / "1", kubeconfig(tmp_path / "2")
    first.write_text(yaml.safe_dump({"current-context": "", "users": [{"name": "me", "user": {"token": "first"}}]}))
    monkeypatch.setenv("KUBECONFIG", f"{first}:{tmp_path / 'absent'}:{second}")
    assert load_cluster().token == "first"
    assert contexts() == (["one"], "one")


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ({"exec": {"command": "aws"}}, r"k:\d+: user 'me': exec: apiVersion is not set; it must be client.auth"),
        (
            {"exec": {"command": "a", "apiVersion": "client.authentication.k8s.io/v1alpha1"}},
            "write the kubeconfig anew",
        ),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, "command is not set"),
        ({"exec": {**PLUGIN, "interactiveMode": "Maybe"}}, "Never, IfAvailable, Always, found 'Maybe'"),
        ({"exec": {**PLUGIN, "args": ["a", 1]}}, "args must be a list of texts, found a number; put it in quotes"),
        ({"exec": {**PLUGIN, "env": [{"value": "x"}]}}, "a variable without a name"),
        ({"exec": "aws"}, "exec must be a map, not text"),
        ({"auth-provider": {"name": "gcp"}}, "install gke-gcloud-auth-plugin"),
        ({"username": "u", "password": "p", "token": "t"}, "remove one of the two"),
        ({"as-groups": ["g"]}, "need `as`"),
        ({"as": "a", "as-groups": "g"}, "as-groups must be a list"),
        ({"client-certificate-data": b64("x")}, "together"),
        ({"client-key-data": "!!!", "client-certificate-data": "a"}, "base64"),
        ({"client-certificate": "nowhere", "client-key": "nowhere"}, "nowhere"),
        ({"token": 7}, "token must be text"),
    ],
)
def test_what_it_cannot_do_is_refused_by_name(tmp_path: Path, user: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load_cluster(kubeconfig=str(kubeconfig(tmp_path / "k", me=user)))


def test_an_unused_users_plugin_does_not_matter(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path / "k", me={"token": "t"}, other={"exec": {"command": "aws"}})
    assert load_cluster(kubeconfig=str(path)).token == "t"


def test_mistakes_name_the_file_and_the_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigError, match=r"no kubeconfig: .*\.kube/config"):
        load_cluster()
    with pytest.raises(ConfigError, match="cannot read"):
        load_cluster(kubeconfig=str(tmp_path / "absent"))
    with pytest.raises(ConfigError, match="no context 'two'; it has one"):
        load_cluster(kubeconfig=str(kubeconfig(tmp_path / "k")), context="two")
    (tmp_path / "bad").write_text("a: [")
    with pytest.raises(ConfigError, match="not YAML"):
        load_cluster(kubeconfig=str(tmp_path / "bad"))


def test_in_a_pod(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("CA")
    (tmp_path / "namespace").write_text("team\n")
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    config = in_cluster(tmp_path, environ)
    assert (config.server, config.namespace) == ("https://[fd00::1]:6443", "team")
    assert config.token_file == tmp_path / "token"


def test_what_a_user_may_have(tmp_path: Path) -> None:
    plugin = {**PLUGIN, "command": "bin/get", "args": ["x"], "env": [{"name": "A", "value": "b"}], "installHint": "buy"}
    user = {
        "exec": {**plugin, "interactiveMode": "Never", "provideClusterInfo": True},
        "as": "root",
        "as-uid": "7",
        "as-groups": ["a", "b"],
        "as-user-extra": {"Example.org/Scopes": ["one", "two"]},
    }
    config = load_cluster(kubeconfig=str(kubeconfig(tmp_path / "k", me=user)))
    assert config.plugin is not None
    assert config.plugin.command == str(tmp_path / "bin/get")
    assert (config.plugin.args, config.plugin.env, config.plugin.install_hint) == (("x",), (("A", "b"),), "buy")
    assert config.plugin.cluster == {"server": "https://h:1/", "certificate-authority-data": b64("CA")}
    assert config.impersonation is not None
    assert config.impersonation.headers() == [
        ("Impersonate-User", "root"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-example.org%2Fscopes", "one"),
        ("Impersonate-Extra-example.org%2Fscopes", "two"),
    ]


@pytest.mark.parametrize(
    ("cluster", "told"),
    [
        ({"server": "ftp://h"}, "k:8: cluster 'c': server must begin with https://"),
        ({}, "server is not set"),
        ({"server": "https://h", "proxy-url": "socks5://p:1"}, "SOCKS proxies are not supported; name an HTTP proxy"),
        ({"server": "https://h", "proxy-url": "p:1"}, "http://host:port"),
        ({"server": "https://h", "insecure-skip-tls-verify": "yes"}, "must be true or false, not text"),
        (
            {"server": "https://h", "insecure-skip-tls-verify": True, "certificate-authority-data": b64("x")},
            "remove one of the two",
        ),
    ],
)
def test_mistakes_in_a_cluster_name_the_line(tmp_path: Path, cluster: dict[str, Any], told: str) -> None:
    path = kubeconfig(tmp_path / "k")
    document = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**document, "clusters": [{"name": "c", "cluster": cluster}]}))
    with pytest.raises(ConfigError, match=told.replace("k:8", "k:[0-9]+")):
        load_cluster(kubeconfig=str(path))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("contexts: [", r"k:[12]: not YAML"),
        ("- a", "must be a map with clusters, users and contexts"),
        ("clusters: {}", "k:1: clusters must be a list, not a map"),
        ("users:\n- name: a\n- name: a\n", "k:3: users: name: a second user 'a'"),
        ("users:\n- user: {}\n", "k:2: users: an entry without a name"),
        ("users:\n- name: 12\n", "k:2: users: name must be text, not a number; put it in quotes"),
        ("a: &a\n  b: *a\n", "contains itself"),
        ("a: &a {b: c}\nd:\n  <<: *a\n", "merge keys"),
        ("a: \x07", "not YAML"),
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(ConfigError, match=told):
        load_cluster(kubeconfig=str(tmp_path / "k"))


def test_few_lines_cannot_become_many(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 64))]
    (tmp_path / "k").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="no current context"):
        load_cluster(kubeconfig=str(tmp_path / "k"))


_ORACLE = """
import json, sys
from kubernetes import client, config
def read(path): return open(path).read() if path else None
found = []
for arguments in json.loads(sys.argv[1]):
    made = client.Configuration()
    config.load_kube_config(client_configuration=made, **arguments)
    _, active = config.list_kube_config_contexts(arguments.get("config_file"))
    found.append({
        "server": made.host, "namespace": active["context"].get("namespace"),
        "authorization": made.get_basic_auth_token() if made.username else made.get_api_key_with_prefix("BearerToken"),
        "ca": read(made.ssl_ca_cert), "certificate": read(made.cert_file), "key": read(made.key_file),
        "verify": made.verify_ssl, "name": made.tls_server_name,
    })
print(json.dumps(found))
"""


def test_agrees_with_the_kubernetes_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official reader, in one process of its own because of what it costs to import."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / "crt").write_text("CERT")
    (tmp_path / "key").write_text("KEY")
    (tmp_path / "tok").write_text("filed")
    users: list[dict[str, Any]] = [
        {"token": "t"},
        {"tokenFile": "tok"},
        {"client-certificate": "crt", "client-key-data": b64("KEY2")},
        {"client-certificate-data": b64("CERT2"), "client-key": str(tmp_path / "key")},
        {"username": "u", "password": "p"},
    ]
    files = [kubeconfig(tmp_path / f"k{number}", me=user) for number, user in enumerate(users)]
    first, second = tmp_path / "sub", kubeconfig(tmp_path / "merged")
    first.mkdir()
    parts = {"clusters": [{"name": "c", "cluster": {"server": "https://first", "insecure-skip-tls-verify": True}}]}
    (first / "k").write_text(yaml.safe_dump({**parts, "users": [{"name": "me", "user": {"tokenFile": "../tok"}}]}))
    merged = f"{first / 'k'}:{second}"
    cases = [{"config_file": str(path)} for path in files] + [{"config_file": merged}]
    ran = [sys.executable, "-c", _ORACLE, json.dumps(cases)]
    theirs = json.loads(subprocess.run(ran, capture_output=True, text=True, check=True).stdout)
    ours = [asyncio.run(_seen(load_cluster(kubeconfig=str(path)))) for path in files]
    monkeypatch.setenv("KUBECONFIG", merged)
    ours.append(asyncio.run(_seen(load_cluster())))
    assert ours == theirs


async def _seen(config: ClusterConfig) -> dict[str, Any]:
    proof = await credentials_of(config).current()
    certificate, key = proof.certificate or (b"", b"")
    return {
        "server": config.server,
        "namespace": config.namespace,
        "authorization": proof.authorization or None,
        "ca": config.ca_data.decode() if config.ca_data else None,
        "certificate": certificate.decode() or None,
        "key": key.decode() or None,
        "verify": not config.insecure,
        "name": config.tls_server_name or None,
    }
