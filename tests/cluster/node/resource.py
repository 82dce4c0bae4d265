"""What the executor does of a resource template: objects are made and removed with the rights of the pod's account.

What it reports of them comes from the script, as with every other pod.
"""

from __future__ import annotations

import asyncio

import yaml

from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model import resources
from argotui.model.documents import Document, labels, name, namespace
from argotui.model.keys import LABEL_COMPLETED
from tests.cluster.node.contract import Contract, UnexpectedPod


async def carry_out(client: Client, contract: Contract) -> None:
    """`create` and `delete` of a manifest's objects; a created workflow is waited for where a condition asks for it."""
    template = contract.template["resource"]
    action = template["action"]
    if action not in ("create", "delete") or not template.get("manifest"):
        return
    for document in yaml.safe_load_all(template["manifest"]):
        document["metadata"].setdefault("namespace", namespace(contract.pod))
        found = resources.find(document["kind"])
        if found is None:
            raise UnexpectedPod(f"a manifest of the kind {document['kind']}")
        if action == "delete":
            await client.delete(found, name(document), namespace(document))
        else:
            await _create(client, found, document)
            if found is resources.WORKFLOWS and template.get("successCondition"):
                await _completed(client, document)


async def _create(client: Client, resource: resources.Resource, document: Document) -> None:
    try:
        await client.create(resource, document)
    except ApiError as error:
        if error.reason != "AlreadyExists":  # the script decides what comes of it
            raise


async def _completed(client: Client, document: Document) -> None:
    while True:
        found = await client.get(resources.WORKFLOWS, name(document), namespace(document))
        if labels(found).get(LABEL_COMPLETED) == "true":
            return
        await asyncio.sleep(0.2)
