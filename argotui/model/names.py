"""Names that are computed: node ids, pod names, expanded items; and the grammar of given names.

Every function is exact to the byte, because other tools compute the same names (§1.1, §1.2, §4.1).
"""

from __future__ import annotations

import re
from functools import lru_cache

from argotui.model.items import item_text as item_text

MAX_WORKFLOW_NAME = 63
MAX_CRON_NAME = 52
MAX_TEMPLATE_NAME = 128
MAX_POD_PREFIX = 242
"""253 characters of a resource name, less a hyphen and ten digits of hash."""

TEMPLATE_NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*\Z")
"""Templates, steps and tasks."""
PARAMETER_NAME = re.compile(r"[-a-zA-Z0-9_]+\Z")
ARTIFACT_NAME = PARAMETER_NAME
DISPLAY_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]\Z")
"""Value of the display-name annotation (§1.2)."""
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
"""Object names; at most 253 characters."""
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
"""Namespaces and containers; at most 63 characters."""

_OFFSET = 2166136261
_PRIME = 16777619
_MASK = 0xFFFFFFFF
_INDEX = re.compile(r"\((\d+):")


@lru_cache(maxsize=65536)
def fnv1a_32(text: str) -> int:
    """FNV-1a, 32 bit, over the UTF-8 bytes: the hash in node ids and pod names."""
    value = _OFFSET
    for byte in text.encode("utf-8", "surrogatepass"):
        value = ((value ^ byte) * _PRIME) & _MASK
    return value


def fnv1_32(text: str) -> int:
    """FNV-1, 32 bit (multiply, then xor): the version of offloaded node maps (§9.2)."""
    value = _OFFSET
    for byte in text.encode("utf-8", "surrogatepass"):
        value = ((value * _PRIME) & _MASK) ^ byte
    return value


def node_id(workflow: str, node_name: str) -> str:
    """Id of a node: the workflow's name for the entry node, else `{workflow}-{hash}` (§1.1)."""
    return workflow if node_name == workflow else f"{workflow}-{fnv1a_32(node_name)}"


def pod_name(workflow: str, node_name: str, template: str, version: str = "v2") -> str:
    """Name of a node's pod (§4.1).

    `template` is the resolved template's name, empty for an inline one.  Any version but `v1`
    counts as `v2`.
    """
    if version == "v1":
        return node_id(workflow, node_name)
    if node_name == workflow:
        return workflow
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{_cut(prefix, MAX_POD_PREFIX)}-{fnv1a_32(node_name)}"


def _cut(text: str, limit: int) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return text if len(raw) <= limit else raw[:limit].decode("utf-8", "ignore")


def index_of(node_name: str) -> int:
    """Position of an expanded node in its loop (`x(5:y)` is 5); -1 for any other node."""
    found = _INDEX.search(node_name)
    return int(found.group(1)) if found else -1
