"""The CustomResourceDefinitions of Argo Workflows."""

from __future__ import annotations

from argotui.kube.errors import ApiError
from argotui.model.documents import Document
from argotui.model.resources import ARGO, CRDS, Resource
from argotui.services.doctor.finding import Finding, Level, Site
from argotui.services.install.applying import is_ours


async def check_crds(site: Site) -> list[Finding]:
    """Whether each of the eight is there, established, and serves the version that we speak."""
    missing, broken, foreign = [], [], 0
    for resource in ARGO:
        definition = await _definition(site, resource)
        if definition is None:
            missing.append(resource.group_resource)
        elif problem := _problem(definition, resource):
            broken.append(Finding(Level.PROBLEM, "crds", f"{resource.group_resource} {problem}"))
        else:
            foreign += not is_ours(definition)
    if missing:
        advice = "`argotui install --no-controller` makes them; whoever runs it needs the right to create CRDs"
        return [Finding(Level.PROBLEM, "crds", f"missing: {', '.join(missing)}", advice), *broken]
    if broken:
        return broken
    whose = "argotui's" if not foreign else "not argotui's" if foreign == len(ARGO) else "argotui's in part"
    return [Finding(Level.OK, "crds", f"all {len(ARGO)} are there and established ({whose})")]


async def _definition(site: Site, resource: Resource) -> Document | None:
    try:
        return await site.client.get(CRDS, resource.group_resource)
    except ApiError as error:
        if error.is_not_found:
            return None
        raise


def _problem(definition: Document, resource: Resource) -> str:
    served = [v.get("name") for v in definition.get("spec", {}).get("versions") or () if v.get("served")]
    if resource.version not in served:
        return f"does not serve {resource.version} but {', '.join(map(str, served)) or 'nothing'}"
    conditions = definition.get("status", {}).get("conditions") or ()
    for condition in conditions:
        if condition.get("type") in ("Established", "NamesAccepted") and condition.get("status") != "True":
            return f"is not {condition.get('type')}: {condition.get('message') or condition.get('reason')}"
    return ""
