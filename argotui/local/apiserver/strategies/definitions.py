"""CustomResourceDefinitions as objects: one served version, a structural schema, accepted at once."""

from __future__ import annotations

import re

from argotui.local.apiserver import jsonpath, objectmeta
from argotui.local.apiserver.names import quoted
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.strategies.strategy import TypedStrategy, forbidden, invalid, required, unsupported
from argotui.local.apiserver.structural import has_rules, schema_fault
from argotui.model import resources
from argotui.model.documents import Document

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_SCOPES = ("Cluster", "Namespaced")
_OWN_GROUPS = {resource.group for resource in resources.ALL if resource not in resources.ARGO}


class DefinitionStrategy(TypedStrategy):
    """See the module."""

    def complete(self, document: Document, old: Document | None) -> None:
        """See Strategy."""
        spec = document["spec"]
        names = spec.setdefault("names", {})
        names.setdefault("singular", names.get("kind", "").lower())
        names.setdefault("listKind", f"{names.get('kind', '')}List")
        spec.setdefault("conversion", {"strategy": "None"})
        now = objectmeta.now()
        before = (old or {}).get("status") or {}
        conditions = before.get("conditions") or [
            {"type": "NamesAccepted", "status": "True", "lastTransitionTime": now, "reason": "NoConflicts",
             "message": "no conflicts found"},
            {"type": "Established", "status": "True", "lastTransitionTime": now, "reason": "InitialNamesAccepted",
             "message": "the initial names have been accepted"},
        ]  # fmt: skip
        stored = [version["name"] for version in spec.get("versions", ()) if version.get("storage")]
        document["status"] = {"acceptedNames": names, "conditions": conditions, "storedVersions": stored}

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """See Strategy."""
        spec, name = document["spec"], document["metadata"].get("name", "")
        names = spec["names"]
        found = _name_causes(spec, name)
        if spec.get("scope") not in _SCOPES:
            found.append(unsupported("spec.scope", str(spec.get("scope", "")), _SCOPES))
        if spec["conversion"].get("strategy") != "None":
            found.append(forbidden("spec.conversion.strategy", "webhook conversion is not supported by argotui"))
        if old is not None and (old["spec"]["names"]["kind"], old["spec"]["scope"]) != (
            names["kind"],
            spec.get("scope"),
        ):
            found.append(forbidden("spec.names.kind", "kind and scope of a definition may not be changed"))
        return found + _version_causes(spec.get("versions", []))

    def warnings(self, document: Document, old: Document | None) -> list[str]:
        """See Strategy."""
        argo = document["spec"]["group"] == resources.WORKFLOWS.group
        if not argo and has_rules(document["spec"]["versions"]):
            return ["x-kubernetes-validations are kept but not evaluated by this version of argotui's local cluster"]
        return []


def _name_causes(spec: Document, name: str) -> list[Cause]:
    names, group = spec["names"], spec.get("group", "")
    found = [
        invalid(f"spec.names.{key}", quoted(names.get(key, "")), "has to be a DNS-1035 label")
        for key in ("plural", "singular")
        if not _LABEL.match(names.get(key, ""))
    ]
    if name != f"{names.get('plural', '')}.{group}":
        found.append(invalid("metadata.name", quoted(name), 'must be spec.names.plural+"."+spec.group'))
    if "." not in group or group in _OWN_GROUPS or group.endswith((".k8s.io", ".kubernetes.io")):
        found.append(
            invalid("spec.group", quoted(group), "should be a domain with at least one dot, and not Kubernetes' own")
        )
    return found


def _version_causes(versions: list[Document]) -> list[Cause]:
    found = []
    served = [version["name"] for version in versions if version.get("served")]
    if len([version for version in versions if version.get("storage")]) != 1:
        found.append(invalid("spec.versions", '""', "must have exactly one version marked as storage version"))
    if len(served) != 1:
        found.append(
            invalid("spec.versions", '""', "argotui's local cluster serves exactly one version of a definition")
        )
    for index, version in enumerate(versions):
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        path = f"spec.versions[{index}].schema.openAPIV3Schema"
        if not schema:
            found.append(required(path))
        elif schema.get("type") != "object":
            found.append(invalid(f"{path}.type", quoted(schema.get("type", "")), "must be object at the root"))
        elif why := schema_fault(schema):
            found.append(invalid(path, '""', why))
        for place, column in enumerate(version.get("additionalPrinterColumns", ())):
            found += _column_causes(f"spec.versions[{index}].additionalPrinterColumns[{place}]", column)
    return found


def _column_causes(path: str, column: Document) -> list[Cause]:
    try:
        jsonpath.parse(column.get("jsonPath", ""))
    except jsonpath.BadPath as error:
        return [invalid(f"{path}.jsonPath", quoted(column.get("jsonPath", "")), str(error))]
    kinds = ("boolean", "date", "integer", "number", "string")
    return [] if column.get("type") in kinds else [unsupported(f"{path}.type", column.get("type", ""), kinds)]
