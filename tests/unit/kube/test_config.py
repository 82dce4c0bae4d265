import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from argotui.kube.config import contexts, in_cluster, load_cluster
from argotui.kube.errors import ConfigError


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
        ({"exec": {"command": "aws"}}, "exec: credential plugins"),
        ({"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({"username": "u", "password": "p"}, "basic authentication"),
        ({"as": "root"}, "impersonation"),
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


def test_agrees_with_the_kubernetes_package(tmp_path: Path) -> None:
    """The official reader, in a process of its own because of what it costs to import."""
    path = kubeconfig(tmp_path / "k")
    code = (
        "import sys; from kubernetes import client, config as c; k = client.Configuration();"
        "c.load_kube_config(sys.argv[1], client_configuration=k);"
        "print(k.host, k.get_api_key_with_prefix('BearerToken').split()[-1], open(k.ssl_ca_cert).read())"
    )
    ours = load_cluster(kubeconfig=str(path))
    theirs = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert ours.ca_data is not None
    assert theirs.stdout.split() == [ours.server, ours.token, ours.ca_data.decode()]
