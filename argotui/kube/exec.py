"""Running a command in a container over the WebSocket protocol of `pods/exec` (v5, v4)."""

from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp
import msgspec

from argotui.kube.credentials import Proof
from argotui.kube.errors import ApiError, BrokenStream, Unreachable
from argotui.kube.transport import ANSWER_SECONDS, Transport, decode
from argotui.model.documents import Document

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _ERROR = 1, 2, 3


@dataclass(frozen=True)
class ExecResult:
    """How the command ended and what it wrote."""

    exit_code: int
    stdout: bytes
    stderr: bytes


async def run_command(
    transport: Transport, namespace: str, pod: str, container: str, command: Sequence[str]
) -> ExecResult:
    """Runs `command`, no stdin, no terminal. Raises ApiError when refused, Unreachable when cut off."""
    query = [("container", container), ("stdout", "true"), ("stderr", "true")]
    query += [("command", part) for part in command]
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/exec"
    proof = await transport.proof()
    try:
        try:
            return await _run(transport, path, query, proof)
        except aiohttp.WSServerHandshakeError as error:
            if error.status != 401 or not await transport.newer(proof):
                raise
            proof = await transport.proof()
            return await _run(transport, path, query, proof)
    except aiohttp.WSServerHandshakeError as error:
        message = f"exec in {pod}/{container}: HTTP {error.status}: {error.message}"
        refusal = ApiError(error.status, error.message, message)
        raise (transport.unauthorized(refusal, proof) if error.status == 401 else refusal) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise transport.failure(error, ANSWER_SECONDS) from error


async def _run(transport: Transport, path: str, query: list[tuple[str, str]], proof: Proof) -> ExecResult:
    async with transport.session.ws_connect(
        transport.url(path),
        params=query,
        protocols=PROTOCOLS,
        headers=transport.authorised(proof),
        timeout=aiohttp.ClientWSTimeout(ws_receive=ANSWER_SECONDS, ws_close=5.0),
        max_msg_size=0,
        **transport.route(proof),
    ) as socket:
        return await _collect(socket)


async def _collect(socket: aiohttp.ClientWebSocketResponse) -> ExecResult:
    output: dict[int, list[bytes]] = {_STDOUT: [], _STDERR: []}
    while True:
        message = await socket.receive()
        if message.type is aiohttp.WSMsgType.ERROR:
            raise Unreachable(f"exec was cut off: {message.data}")
        if message.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
            raise Unreachable("exec ended without saying how the command ended")
        frame = message.data if isinstance(message.data, bytes) else str(message.data).encode()
        if not frame:
            continue
        channel, data = frame[0], frame[1:]
        if channel == _ERROR:
            return ExecResult(_exit_code(data), b"".join(output[_STDOUT]), b"".join(output[_STDERR]))
        if channel in output:
            output[channel].append(data)


def _exit_code(data: bytes) -> int:
    """The error channel carries one Status: success, a non-zero exit code as a cause, or a refusal."""
    try:
        status = decode(data)
    except msgspec.DecodeError as error:
        raise BrokenStream(f"exec: the final status is not JSON: {error}") from error
    if not isinstance(status, dict):
        raise BrokenStream("exec: the final status is not a JSON object")
    if status.get("status") == "Success":
        return 0
    if status.get("reason") == "NonZeroExitCode":
        return _cause(status)
    raise ApiError.from_status(status, 500)


def _cause(status: Document) -> int:
    for cause in (status.get("details") or {}).get("causes") or []:
        if cause.get("reason") == "ExitCode":
            return int(cause.get("message") or 1)
    return 1
