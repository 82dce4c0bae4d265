"""The command line without its start: a process that has everything imported forks for each call.

What runs is the real program in a process of its own, with its own environment, working directory and exit code; only
the second of processor time that Python needs to import it is paid once instead of some hundred times. How long a
start takes and that it works is the business of other tests.

    python -m tests.commandline serve SOCKET      until standard input ends
    python -S tests/commandline.py call SOCKET ARGUMENT...
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys

_LENGTH = 8


def call(address: str, arguments: list[str], environment: dict[str, str], streams: tuple[int, int, int]) -> int:
    """Runs the command line with these three descriptors as its streams; its exit code."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(address)
        request = json.dumps({"arguments": arguments, "environment": environment, "directory": os.getcwd()}).encode()
        socket.send_fds(connection, [len(request).to_bytes(_LENGTH, "big")], list(streams))
        connection.sendall(request)
        return int(connection.makefile().read() or 255)


def serve(address: str) -> None:
    """Forks for each connection until standard input ends, so that it never outlives who started it."""
    _import_everything()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen(64)
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        while True:
            ready, _, _ = select.select([server, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = server.accept()
            if os.fork() == 0:
                server.close()
                os._exit(_answer(connection))
            connection.close()


def _import_everything() -> None:
    import importlib
    import pkgutil

    import argotui.cli

    for module in pkgutil.walk_packages(argotui.cli.__path__, "argotui.cli."):
        importlib.import_module(module.name)
    for name in ("argotui.services.submit", "argotui.kube.client", "argotui.kube.config"):
        importlib.import_module(name)


def _answer(connection: socket.socket) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(connection, _LENGTH, 3)
    text = b""
    while len(text) < int.from_bytes(length, "big"):
        text += connection.recv(65536)
    child = os.fork()
    if child == 0:
        connection.close()
        os._exit(_run(json.loads(text), streams))
    with contextlib.suppress(OSError):
        for descriptor in streams:
            os.close(descriptor)
    ended = os.pidfd_open(child)
    ready, _, _ = select.select([connection, ended], [], [])
    if ended not in ready:
        os.kill(child, signal.SIGKILL)  # who called has gone
        return 0
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    return 0


def _run(request: dict[str, object], streams: list[int]) -> int:
    """What `python -m argotui` does, from its first line on."""
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["directory"]))
    sys.argv = ["argotui", *request["arguments"]]  # type: ignore[misc]
    from argotui.__main__ import main

    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    else:
        code = 0
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    return code


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(call(sys.argv[2], sys.argv[3:], dict(os.environ), (0, 1, 2)))
