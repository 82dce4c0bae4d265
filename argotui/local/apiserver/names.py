"""Rules for names, labels and annotations, with Kubernetes' words for their breach."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from argotui.engine import gotext
from argotui.local.apiserver.status import Cause
from argotui.model.labels import LABEL_NAME, NAME_RULE, VALUE_RULE
from argotui.model.names import DNS_LABEL, DNS_SUBDOMAIN

_DNS_1035 = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")

_SUBDOMAIN_TEXT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must"
    " start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_LABEL_TEXT = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and"
    " end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic"
    " character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for"
    " validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)

_ANNOTATION_BYTES = 256 * 1024
_RANDOM = "bcdfghjklmnpqrstvwxz2456789"  # no vowels, so no words come out
_GENERATED_BASE = 58

_RULES: dict[str, str] = {
    "namespaces": "label",
    "services": "1035",
    "roles.rbac.authorization.k8s.io": "segment",
    "rolebindings.rbac.authorization.k8s.io": "segment",
    "clusterroles.rbac.authorization.k8s.io": "segment",
    "clusterrolebindings.rbac.authorization.k8s.io": "segment",
}


def generated(base: str) -> str:
    """A name from metadata.generateName."""
    return base[:_GENERATED_BASE] + "".join(secrets.choice(_RANDOM) for _ in range(5))


def quoted(text: str) -> str:
    """A string as Go prints it with %q, for messages."""
    return gotext.quote(text)


def name_faults(collection: str, name: str) -> list[str]:
    """What is wrong with an object's name; empty when nothing is."""
    rule = _RULES.get(collection, "subdomain")
    if rule == "segment":
        bad = [f"may not contain '{part}'" for part in ("/", "%") if part in name]
        return [f"may not be '{name}'"] if name in (".", "..") else bad
    longest = 253 if rule == "subdomain" else 63
    pattern, text = {"subdomain": (DNS_SUBDOMAIN, _SUBDOMAIN_TEXT), "label": (DNS_LABEL, _LABEL_TEXT)}.get(
        rule, (_DNS_1035, _1035_TEXT)
    )
    faults = [] if len(name) <= longest else [f"must be no more than {longest} characters"]
    if rule == "label" and not pattern.match(name) and DNS_SUBDOMAIN.match(name):
        return [*faults, "must not contain dots"]
    return faults if pattern.match(name) else [*faults, text]


def _key_faults(key: str) -> list[str]:
    prefix, slash, name = key.rpartition("/")
    faults = []
    if slash and not prefix:
        faults.append("prefix part must be non-empty")
    elif slash and not DNS_SUBDOMAIN.match(prefix):
        faults.append(f"prefix part {_SUBDOMAIN_TEXT}")
    elif len(prefix) > 253:
        faults.append("prefix part must be no more than 253 characters")
    if not name:
        faults.append("name part must be non-empty")
    elif len(name) > 63:
        faults.append("name part must be no more than 63 characters")
    if not LABEL_NAME.match(name):
        faults.append(NAME_RULE)
    return faults


def label_causes(labels: Mapping[str, str], path: str = "metadata.labels") -> list[Cause]:
    """Breaches of the rules for labels."""
    causes = []
    for key, value in labels.items():
        causes += [_cause(path, key, fault) for fault in _key_faults(key)]
        if len(value) > 63:
            causes.append(_cause(path, value, "must be no more than 63 characters"))
        if value and not LABEL_NAME.match(value):
            causes.append(_cause(path, value, VALUE_RULE))
    return causes


def annotation_causes(annotations: Mapping[str, str], path: str = "metadata.annotations") -> list[Cause]:
    """Breaches of the rules for annotations: their keys, and 256 KiB in all."""
    causes = [_cause(path, key, fault) for key in annotations for fault in _key_faults(key.lower())]
    if sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items()) > _ANNOTATION_BYTES:
        causes.append(Cause("FieldValueTooLong", f"Too long: may not be more than {_ANNOTATION_BYTES} bytes", path))
    return causes


def finalizer_causes(finalizers: list[str]) -> list[Cause]:
    """Breaches of the rules for finalizers: qualified names."""
    path = "metadata.finalizers"
    causes = [_cause(path, name, fault) for name in finalizers for fault in _key_faults(name)]
    for index, name in enumerate(finalizers):
        if "/" not in name and name not in ("orphan", "foregroundDeletion", "kubernetes"):
            why = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(_cause(f"{path}[{index}]", name, why))
    return causes


def _cause(path: str, value: Any, fault: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {quoted(value)}: {fault}", path)
