"""Credential plugins: real programs, small ones."""

import asyncio
import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argotui.kube.credentials import KeptCredentials, PluginCredentials, Proof, why_refused
from argotui.kube.errors import NoCredentials
from argotui.kube.plugin import ExecPlugin, InteractiveMode, run_plugin
from tests.unit.kube.authority import Authority

V1 = "client.authentication.k8s.io/v1"


def answer(version: str = V1, **status: Any) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": version, "status": status})


def script(folder: Path, text: str, **more: Any) -> ExecPlugin:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return ExecPlugin(command=str(path), where="k:7: user 'me': exec", **more)


def printing(folder: Path, text: str, **more: Any) -> ExecPlugin:
    (folder / "answer").write_text(text)
    return script(folder, f"cat {folder}/answer", **more)


def counting(folder: Path, expires: str = "") -> ExecPlugin:
    """Gives token-1, token-2, …; lines of the file `runs` count."""
    status = f'{{"token": "token-$(wc -l < {folder}/runs)", "expirationTimestamp": "{expires}"}}'
    body = f'{{"kind": "ExecCredential", "apiVersion": "{V1}", "status": {status}}}'
    return script(folder, f"echo >> {folder}/runs\nwc -l < {folder}/runs > /dev/null\ncat <<END\n{body}\nEND")


def runs(folder: Path) -> int:
    return len((folder / "runs").read_text().splitlines()) if (folder / "runs").exists() else 0


def rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def test_it_is_told_where_it_is_for_and_what_it_may_do(tmp_path: Path) -> None:
    plugin = script(
        tmp_path,
        f'printf %s "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; cat > {tmp_path}/stdin\n'
        f"echo \"$1 $REGION $HOME\" > {tmp_path}/seen; echo '{answer(token='t')}'",
        args=("get",),
        env=(("REGION", "north"),),
        cluster={"server": "https://h"},
        mode=InteractiveMode.IF_AVAILABLE,
    )
    assert (await run_plugin(plugin)).token == "t"
    assert (tmp_path / "seen").read_text().split() == ["get", "north", os.environ["HOME"]]
    assert (tmp_path / "stdin").read_bytes() == b""
    assert json.loads((tmp_path / "info").read_text()) == {
        "kind": "ExecCredential",
        "apiVersion": V1,
        "spec": {"interactive": False, "cluster": {"server": "https://h"}},
    }


async def test_a_certificate_and_an_end(tmp_path: Path) -> None:
    text = answer(clientCertificateData="C", clientKeyData="K", expirationTimestamp="2030-01-01T02:00:00+02:00")
    issued = await run_plugin(printing(tmp_path, text))
    assert issued.certificate == (b"C", b"K")
    assert issued.expires == datetime(2030, 1, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("secret-token", "not JSON"),
        ("[]", "no ExecCredential"),
        (
            answer("client.authentication.k8s.io/v1beta1", token="s"),
            "the kubeconfig says client.authentication.k8s.io/v1",
        ),
        (json.dumps({"kind": "ExecCredential", "apiVersion": V1}), "without a status"),
        (answer(), "neither a token nor a client certificate"),
        (answer(clientCertificateData="C"), "only one of"),
        (answer(token=7), "not all text"),
        (answer(token="secret-token", expirationTimestamp="soon"), "no RFC 3339 time: 'soon'"),
        (answer(token="secret-token", expirationTimestamp="2030-01-01T00:00:00"), "no RFC 3339 time"),
    ],
)
async def test_an_answer_that_cannot_be_used_is_explained_and_never_repeated(
    tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(NoCredentials, match=told) as caught:
        await run_plugin(printing(tmp_path, text))
    assert str(caught.value).startswith("k:7: user 'me': exec: ")
    assert "secret-token" not in str(caught.value)


async def test_a_failure_tells_what_the_plugin_said(tmp_path: Path) -> None:
    words = "SSO \\033[31msession\\033[0m expired\\nrun: login\\n"
    plugin = script(tmp_path, f"echo secret-token; printf '{words}' >&2; exit 3")
    with pytest.raises(NoCredentials, match=r"failed with exit code 3: SSO session expired run: login$") as caught:
        await run_plugin(plugin)
    assert "secret-token" not in str(caught.value)
    with pytest.raises(NoCredentials, match=r"ended by signal 9"):
        await run_plugin(script(tmp_path, "kill -9 $$"))


async def test_a_program_that_is_missing_or_cannot_run(tmp_path: Path) -> None:
    hint = "get it\x1b[31m at\nexample.org"
    with pytest.raises(NoCredentials, match=r"'no-such-plugin' is not found: get it at example.org"):
        await run_plugin(ExecPlugin("no-such-plugin", install_hint=hint))
    with pytest.raises(NoCredentials, match=r"put it on the PATH"):
        await run_plugin(ExecPlugin("no-such-plugin"))
    (tmp_path / "text").write_text("")
    with pytest.raises(NoCredentials, match=r"cannot be run: .*[Pp]ermission"):
        await run_plugin(ExecPlugin(str(tmp_path / "text")))


async def test_one_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    plugin = script(tmp_path, f"sleep 1000 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(NoCredentials, match=r"no credentials within 0.3 s; run it in a shell"):
        await run_plugin(plugin, seconds=0.3)
    child = int((tmp_path / "child").read_text())
    async with asyncio.timeout(5):
        while _runs(child):
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_one_that_must_ask_is_not_started_where_nobody_can_be_asked(tmp_path: Path) -> None:
    plugin = counting(tmp_path)
    asking = ExecPlugin(plugin.command, mode=InteractiveMode.ALWAYS, where="k:7")
    with pytest.raises(NoCredentials, match=r"k:7: .* must ask a person .* another --context"):
        await run_plugin(asking)
    assert runs(tmp_path) == 0
    assert (await run_plugin(ExecPlugin(plugin.command, mode=InteractiveMode.ALWAYS, interactive=True))).token


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


async def test_it_runs_once_and_again_before_the_end(tmp_path: Path) -> None:
    clock = Clock()
    credentials = PluginCredentials(counting(tmp_path, rfc3339(clock.now + 1000)), Proof(), clock)
    many = await asyncio.gather(*(credentials.current() for _ in range(20)))
    assert {proof.authorization for proof in many} == {"Bearer token-1"}
    assert runs(tmp_path) == 1
    clock.now += 960
    assert (await credentials.current()).authorization == "Bearer token-1"
    clock.now += 15  # thirty seconds before the end
    assert (await credentials.current()).authorization == "Bearer token-2"


async def test_while_it_cannot_be_renewed_the_old_one_holds_to_its_end(tmp_path: Path) -> None:
    clock = Clock()
    plugin = counting(tmp_path, rfc3339(clock.now + 1000))
    credentials = PluginCredentials(plugin, Proof(), clock)
    first = await credentials.current()
    script(tmp_path, f"echo >> {tmp_path}/runs; echo logged out >&2; exit 1")
    clock.now += 980
    assert await credentials.current() == first
    clock.now += 30
    for _ in range(10):
        with pytest.raises(NoCredentials, match=r"logged out"):
            await credentials.current()
    assert runs(tmp_path) == 3  # a plugin that fails rests: some open a browser each time
    counting(tmp_path)
    clock.now += 300
    assert (await credentials.current()).authorization == "Bearer token-4"


async def test_what_the_server_refuses_is_renewed_once(tmp_path: Path) -> None:
    clock = Clock()
    credentials = PluginCredentials(counting(tmp_path), Proof(), clock)
    first = await credentials.current()
    assert all(await asyncio.gather(credentials.refused(first), credentials.refused(first)))
    assert runs(tmp_path) == 2
    second = await credentials.current()
    assert not await credentials.refused(second)  # just issued: another would be refused as well
    clock.now += 400
    assert await credentials.refused(second)


async def test_who_waits_may_leave(tmp_path: Path) -> None:
    credentials = PluginCredentials(script(tmp_path, f"read x < {tmp_path}/gate; echo '{answer(token='t')}'"), Proof())
    os.mkfifo(tmp_path / "gate")
    leaving, staying = (asyncio.create_task(credentials.current()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.to_thread((tmp_path / "gate").write_text, "go\n")
    assert (await staying).authorization == "Bearer t"
    assert leaving.cancelled()


async def test_closing_ends_a_plugin_that_runs(tmp_path: Path) -> None:
    credentials = PluginCredentials(script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 1000"), Proof())
    waiting = asyncio.create_task(credentials.current())
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        await asyncio.sleep(0.01)
    await credentials.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(5):
        while _runs(int((tmp_path / "pid").read_text())):
            await asyncio.sleep(0.01)


async def test_a_token_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n")
    credentials = KeptCredentials(Proof(), path, None)
    first = await credentials.current()
    assert first.authorization == "Bearer one"
    assert not await credentials.refused(first)
    (tmp_path / "new").write_text("two")
    (tmp_path / "new").replace(path)
    assert await credentials.refused(first)
    path.unlink()
    assert (await credentials.current()).authorization == "Bearer two"
    with pytest.raises(NoCredentials, match=f"{path} cannot be read"):
        await KeptCredentials(Proof(), path, None).current()
    assert (await KeptCredentials(Proof("Bearer stated"), path, None).current()).authorization == "Bearer stated"


async def test_a_certificate_that_was_renewed_in_its_files_is_taken_over_as_a_pair(tmp_path: Path) -> None:
    authority = Authority()
    old, new = authority.issue("me"), authority.issue("me")
    certificate, key = tmp_path / "crt", tmp_path / "key"
    certificate.write_bytes(old[0])
    key.write_bytes(old[1])
    credentials = KeptCredentials(Proof(certificate=old), None, (certificate, key))
    first = await credentials.current()
    assert first.certificate == old
    certificate.write_bytes(new[0] + b"\n")
    assert await credentials.current() == first  # the key is still that of the old one
    key.write_bytes(new[1] + b"\n")
    assert await credentials.refused(first)
    assert (await credentials.current()).certificate == (new[0] + b"\n", new[1] + b"\n")
    key.unlink()
    assert (await credentials.current()).certificate == (new[0] + b"\n", new[1] + b"\n")


def test_why_credentials_are_refused() -> None:
    # {"exp": 1000000000}
    token = "Bearer e30.eyJleHAiOiAxMDAwMDAwMDAwfQ.c2ln"
    assert "token expired on 2001-09-09 01:46 UTC (k:3)" in why_refused(Proof(token), "k:3")
    assert "wrong or expired" in why_refused(Proof("Bearer a.b.c"), "")
    assert "wrong or expired" in why_refused(Proof("Bearer e30.W10.c"), "")
    assert "gives no credentials" in why_refused(Proof(), "")
