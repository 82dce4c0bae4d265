from collections.abc import AsyncIterator

import pytest

from argotui.kube.client import Client
from argotui.kube.config import ClusterConfig
from tests.unit.kube.fake import FakeApi


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as fake:
        yield fake


@pytest.fixture
async def client(api: FakeApi) -> AsyncIterator[Client]:
    async with Client(ClusterConfig(server=api.url, token="s3cret")) as made:
        yield made
