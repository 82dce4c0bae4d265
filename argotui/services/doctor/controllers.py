"""Whether a controller runs, which one, and with what configuration (§8.1, §8.3)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from argotui.engine.config import EngineConfig
from argotui.engine.configform import ConfigError
from argotui.kube.client import Client
from argotui.kube.errors import ApiError
from argotui.model import documents
from argotui.model.documents import Document
from argotui.model.duration import column
from argotui.model.resources import LEASES, PODS, WORKFLOWS
from argotui.model.times import parse_time
from argotui.services.doctor.finding import Finding, Level, Site

_LEASE = "workflow-controller"
_UNTOUCHED = "!workflows.argoproj.io/phase"
_PATIENCE = timedelta(minutes=1)
_SLACK = timedelta(seconds=5)


async def home_of(client: Client, *namespaces: str) -> str:
    """The first of `namespaces` in which a controller has held its Lease as far as may be seen; else the first."""
    for namespace in namespaces:
        try:
            if await _leases(client, namespace):
                return namespace
        except ApiError as error:
            if not error.is_forbidden:
                raise
    return namespaces[0]


async def _leases(client: Client, namespace: str) -> list[Document]:
    page = await client.list(LEASES, namespace)
    return [lease for lease in page.items if documents.name(lease).startswith(_LEASE)]


async def check_lease(site: Site) -> list[Finding]:
    """Who holds the Lease of each controller in the namespace, and whether it still lives."""
    if leases := await _leases(site.client, site.home):
        now = await site.client.server_time()
        return [await _lease(site, lease, now) for lease in leases]
    text = f"no controller has ever held the Lease {site.home}/{_LEASE}: nothing starts workflows"
    advice = "`argotui install` puts a controller there; one in another namespace is looked at with -n"
    return [Finding(Level.PROBLEM, "controller", text, advice)]


async def _lease(site: Site, lease: Document, now: datetime) -> Finding:
    spec = lease.get("spec") or {}
    holder, renewed = str(spec.get("holderIdentity") or ""), parse_time(spec.get("renewTime"))
    name = f"the Lease {site.home}/{documents.name(lease)}"
    if not holder or renewed is None:
        return Finding(Level.PROBLEM, "controller", f"{name} has no holder: no controller runs", _start(site))
    age = now - renewed
    called = f"{holder}{await _image(site, holder)}"
    if age > timedelta(seconds=float(spec.get("leaseDurationSeconds") or 15)):
        text = f"{name} was last renewed {_ago(age)} ago by {called}: no controller runs"
        return Finding(Level.PROBLEM, "controller", text, _start(site))
    if age < -_SLACK:
        text = f"{called} holds {name}, and its clock is {_ago(-age)} ahead of the API server's"
        return Finding(Level.WARNING, "controller", text, "let the nodes follow NTP: deadlines and retries are off")
    return Finding(Level.OK, "controller", f"{called} holds {name}, renewed {_ago(age)} ago")


def _start(site: Site) -> str:
    return f"look at its Deployment: kubectl -n {site.home} get deployments,pods"


def _ago(age: timedelta) -> str:
    return column(max(0, int(age.total_seconds())) * 10**9)


async def _image(site: Site, holder: str) -> str:
    """` (image)` where the holder is a pod that may be looked at."""
    try:
        pod = await site.client.get(PODS, holder, site.home)
    except ApiError:  # the identity need not be a pod's name; it is told without the image
        return ""
    images = [str(container.get("image")) for container in (pod.get("spec") or {}).get("containers") or ()]
    return f" ({', '.join(images)})" if images else ""


async def check_configuration(site: Site) -> list[Finding]:
    """Whether the controller's ConfigMap can be read, and what in it changes nothing."""
    found = await site.configuration()
    where = f"ConfigMap {site.home}/{site.configmap}"
    if found is None:
        return [Finding(Level.NOTE, "configuration", f"{where} is not there: a controller uses its defaults")]
    try:
        config = EngineConfig.from_config_map(found.get("data") or {}, namespace=site.home)
    except ConfigError as error:
        text = f"{where}: {error}"
        advice = "a controller of upstream's ends with that, argotui's keeps the last good one: mend the ConfigMap"
        return [Finding(Level.PROBLEM, "configuration", text, advice)]
    ignored = f"; without effect for argotui's controller: {', '.join(config.ignored)}" if config.ignored else ""
    return [Finding(Level.OK, "configuration", f"{where} can be read{ignored}")]


async def check_untouched(site: Site) -> list[Finding]:
    """Workflows that no controller has begun."""
    table = await site.client.table(WORKFLOWS, site.workflows, include_object="Metadata", label_selector=_UNTOUCHED)
    now = await site.client.server_time()
    old = [name for name, made in _made(table) if now - made > _PATIENCE]
    if not old:
        return [Finding(Level.OK, "workflows", f"none waits for a controller in {site.workflows}")]
    shown = ", ".join(old[:3]) + (f" and {len(old) - 3} more" if len(old) > 3 else "")
    text = f"no controller has begun: {shown}"
    advice = "see what is said of the controller; it may look at other namespaces or at another instance id only"
    return [Finding(Level.PROBLEM, "workflows", text, advice)]


def _made(table: Document) -> Iterator[tuple[str, datetime]]:
    for row in table.get("rows") or ():
        found = row.get("object") or {}
        if made := parse_time(documents.created(found)):
            yield documents.name(found), made
