"""The command line against an API server in memory."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from argotui.cli import running
from argotui.cli.main import run
from argotui.cli.running import CliSession
from argotui.services.identity import Identity
from tests.unit.services.fake import FakeClient


@dataclass
class Ran:
    """What one command line did."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeClient:
    """The API server that every verb of the test talks to."""
    fake = FakeClient()

    @asynccontextmanager
    async def session(args: argparse.Namespace) -> AsyncIterator[CliSession]:
        yield CliSession(fake, Identity("ann", "bastion"), args.namespace or "argo", is_local=True)  # type: ignore[arg-type]

    monkeypatch.setattr(running, "session", session)
    return fake


@pytest.fixture
def argotui(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command line in this process."""

    def ran(*arguments: str) -> Ran:
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = run(list(arguments))
        out.flush(), err.flush()
        return Ran(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))  # type: ignore[attr-defined]

    return ran
