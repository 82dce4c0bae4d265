"""Logs that cannot be read any more because their pods are gone, and what to say of them."""

from __future__ import annotations

from collections.abc import Collection

from argotui.model import documents
from argotui.model.documents import Document, dig
from argotui.model.keys import ANNOTATION_POD_NAME_FORMAT, POD_NAME_V2
from argotui.model.names import pod_name
from argotui.model.phase import NodeType, Phase

_UNREADABLE = "their logs are gone with them, and this version cannot read archived logs"


def lost_logs(workflow: Document, present: Collection[str]) -> str:
    """A sentence about the steps whose pods do not exist any more; "" when all pods are there.

    present: ids of the nodes whose pods exist.
    """
    lost = _with_a_pod(workflow) - set(present)
    if not lost:
        return ""
    return f"the pods of {len(lost)} steps do not exist any more{_why(workflow)}; {_UNREADABLE}"


def lost_log(workflow: Document, pod: str) -> str:
    """A sentence about one pod that does not exist; "" when it is none of the workflow's, or may yet come."""
    nodes = dig(workflow, "status", "nodes") or {}
    if any(_pod_of(workflow, nodes[identifier]) == pod for identifier in _with_a_pod(workflow)):
        return f"pod {pod} does not exist any more{_why(workflow)}; its log is gone with it"
    return ""


def _with_a_pod(workflow: Document) -> set[str]:
    """Ids of the nodes that certainly had a pod."""
    nodes = dig(workflow, "status", "nodes") or {}
    return {identifier for identifier, node in nodes.items() if _had_a_pod(node)}


def _had_a_pod(node: Document) -> bool:
    if node.get("type") != NodeType.POD or dig(node, "memoizationStatus", "hit"):
        return False
    return node.get("phase") == Phase.SUCCEEDED or bool(node.get("hostNodeName"))


def _pod_of(workflow: Document, node: Document) -> str:
    template = str(dig(node, "templateRef", "template") or node.get("templateName") or "")
    version = documents.annotations(workflow).get(ANNOTATION_POD_NAME_FORMAT) or POD_NAME_V2
    return pod_name(documents.name(workflow), str(node.get("name") or ""), template, version)


def _why(workflow: Document) -> str:
    stored = dig(workflow, "status", "storedWorkflowTemplateSpec") or workflow.get("spec") or {}
    strategy = dig(stored, "podGC", "strategy")
    return f" (podGC: {strategy})" if strategy else ""
