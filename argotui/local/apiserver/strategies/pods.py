"""Pods: the defaults a pod has after its creation, and the rules that matter for running it."""

from __future__ import annotations

from collections.abc import Iterator

from argotui.local.apiserver import names
from argotui.local.apiserver.status import Cause
from argotui.local.apiserver.strategies.strategy import (
    TypedStrategy,
    duplicate,
    forbidden,
    invalid,
    required,
    unsupported,
)
from argotui.model.documents import Document, clone
from argotui.model.quantity import Quantity

_MODE = 0o644
_RESTART = ("Always", "OnFailure", "Never")
_DNS = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PULL = ("Always", "IfNotPresent", "Never")
_IMMUTABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def containers_of(spec: Document) -> Iterator[tuple[str, Document]]:
    """(path, container) of every init and regular container."""
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or ()):
            yield f"spec.{group}[{index}]", container


class PodStrategy(TypedStrategy):
    """See the module."""

    def complete(self, document: Document, old: Document | None) -> None:
        """Defaults; a new pod is Pending."""
        spec = document.setdefault("spec", {})
        spec.setdefault("restartPolicy", "Always")
        spec.setdefault("terminationGracePeriodSeconds", 30)
        spec.setdefault("dnsPolicy", "ClusterFirst")
        spec.setdefault("securityContext", {})
        spec.setdefault("schedulerName", "default-scheduler")
        spec.setdefault("enableServiceLinks", True)
        for volume in spec.get("volumes", ()):
            _complete_volume(volume)
        for _, container in containers_of(spec):
            _complete_container(container)
        if old is None:
            document["status"] = {"phase": "Pending", "qosClass": quality_of_service(spec)}

    def causes(self, document: Document, old: Document | None) -> list[Cause]:
        """Breaches of the rules for pods."""
        if old is not None:
            return _update_causes(document["spec"], old.get("spec") or {})
        return _spec_causes(document["spec"])


def _complete_volume(volume: Document) -> None:
    sources = [key for key in volume if key != "name"]
    if not sources:
        volume["emptyDir"] = {}
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if kind in volume:
            volume[kind].setdefault("defaultMode", _MODE)
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    items: list[Document] = list((volume.get("downwardAPI") or {}).get("items", ()))
    for source in (volume.get("projected") or {}).get("sources", ()):
        items += (source.get("downwardAPI") or {}).get("items", ())
    for item in items:
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")


def _complete_container(container: Document) -> None:
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("imagePullPolicy", pull_policy(container.get("image", "")))
    resources = container.setdefault("resources", {})
    if resources.get("limits"):
        resources["requests"] = {**resources["limits"], **resources.get("requests", {})}
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
    for variable in container.get("env", ()):
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference is not None:
            reference.setdefault("apiVersion", "v1")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            _complete_probe(container[probe])


def _complete_probe(probe: Document) -> None:
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        probe.setdefault(key, value)
    if "httpGet" in probe:
        probe["httpGet"].setdefault("path", "/")
        probe["httpGet"].setdefault("scheme", "HTTP")


def pull_policy(image: str) -> str:
    """Always for an image without a tag or with `latest`, unless a digest pins it; else IfNotPresent."""
    reference, _, digest = image.partition("@")
    tag = reference.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or (not tag and not digest) else "IfNotPresent"


def quality_of_service(spec: Document) -> str:
    """The pod's QoS class."""
    guaranteed, any_set = True, False
    for _, container in containers_of(spec):
        resources = container.get("resources") or {}
        limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
        any_set = any_set or bool(limits or requests)
        if not {"cpu", "memory"} <= set(limits) or any(requests.get(k) != limits[k] for k in ("cpu", "memory")):
            guaranteed = False
    return "BestEffort" if not any_set else "Guaranteed" if guaranteed else "Burstable"


def _spec_causes(spec: Document) -> list[Cause]:
    found: list[Cause] = []
    if not spec.get("containers"):
        found.append(required("spec.containers"))
    if spec["restartPolicy"] not in _RESTART:
        found.append(unsupported("spec.restartPolicy", spec["restartPolicy"], _RESTART))
    if spec["dnsPolicy"] not in _DNS:
        found.append(unsupported("spec.dnsPolicy", spec["dnsPolicy"], _DNS))
    for field, least in (("terminationGracePeriodSeconds", 0), ("activeDeadlineSeconds", 1)):
        if field in spec and spec[field] < least:
            why = "must be greater than or equal to 0" if not least else "must be between 1 and 2147483647, inclusive"
            found.append(invalid(f"spec.{field}", str(spec[field]), why))
    volumes = _volume_causes(spec.get("volumes", []), found)
    seen: set[str] = set()
    for path, container in containers_of(spec):
        found += _container_causes(path, container, seen, volumes)
    return found


def _volume_causes(volumes: list[Document], found: list[Cause]) -> set[str]:
    """Appends breaches to `found`; returns the volumes' names."""
    seen: set[str] = set()
    for index, volume in enumerate(volumes):
        path, name = f"spec.volumes[{index}].name", volume.get("name", "")
        found += _name_causes(path, name, seen)
        sources = [key for key in volume if key != "name"]
        if len(sources) > 1:
            found.append(forbidden(f"spec.volumes[{index}].{sources[1]}", "may not specify more than 1 volume type"))
    return seen


def _name_causes(path: str, name: str, seen: set[str]) -> list[Cause]:
    """A name that has to be a DNS label and unique; adds it to `seen`."""
    if not name:
        return [required(path)]
    found = [invalid(path, names.quoted(name), fault) for fault in names.name_faults("namespaces", name)]
    if name in seen:
        found.append(duplicate(path, name))
    seen.add(name)
    return found


def _container_causes(path: str, container: Document, seen: set[str], volumes: set[str]) -> list[Cause]:
    found = _name_causes(f"{path}.name", container.get("name", ""), seen)
    if not container.get("image"):
        found.append(required(f"{path}.image"))
    elif container["image"] != container["image"].strip():
        found.append(
            invalid(f"{path}.image", names.quoted(container["image"]), "must not have leading or trailing whitespace")
        )
    if container["imagePullPolicy"] not in _PULL:
        found.append(unsupported(f"{path}.imagePullPolicy", container["imagePullPolicy"], _PULL))
    found += _mount_causes(path, container.get("volumeMounts", []), volumes)
    for index, variable in enumerate(container.get("env", ())):
        found += _variable_causes(f"{path}.env[{index}]", variable)
    return found + _resource_causes(f"{path}.resources", container["resources"])


def _mount_causes(path: str, mounts: list[Document], volumes: set[str]) -> list[Cause]:
    found: list[Cause] = []
    seen: set[str] = set()
    for index, mount in enumerate(mounts):
        place = f"{path}.volumeMounts[{index}]"
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            found.append(required(f"{place}.name"))
        elif name not in volumes:
            found.append(Cause("FieldValueNotFound", f'Not found: "{name}"', f"{place}.name"))
        if not target:
            found.append(required(f"{place}.mountPath"))
        elif target in seen:
            found.append(invalid(f"{place}.mountPath", names.quoted(target), "must be unique"))
        seen.add(target)
        sub = mount.get("subPath", "")
        if sub.startswith("/"):
            found.append(invalid(f"{place}.subPath", names.quoted(sub), "must be a relative path"))
        elif ".." in sub.split("/"):
            found.append(invalid(f"{place}.subPath", names.quoted(sub), "must not contain '..'"))
    return found


def _variable_causes(path: str, variable: Document) -> list[Cause]:
    name = variable.get("name", "")
    if not name:
        return [required(f"{path}.name")]
    if "=" in name or not name.isprintable() or not name.isascii():
        return [
            invalid(
                f"{path}.name",
                names.quoted(name),
                "a valid environment variable name has printable ASCII characters other than '='",
            )
        ]
    source = variable.get("valueFrom")
    if source is None:
        return []
    if variable.get("value"):
        return [invalid(f"{path}.valueFrom", '""', "may not be specified when `value` is not empty")]
    if len(source) != 1:
        why = (
            "may not have more than one field specified at a time"
            if source
            else (
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            )
        )
        return [invalid(f"{path}.valueFrom", '""', why)]
    return []


def _resource_causes(path: str, resources: Document) -> list[Cause]:
    found: list[Cause] = []
    limits = resources.get("limits") or {}
    for group in ("limits", "requests"):
        for name, amount in (resources.get(group) or {}).items():
            if Quantity.parse(amount).nano < 0:
                found.append(
                    invalid(f"{path}.{group}[{name}]", names.quoted(amount), "must be greater than or equal to 0")
                )
    for name, amount in (resources.get("requests") or {}).items():
        if name in limits and Quantity.parse(limits[name]) < Quantity.parse(amount):
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            found.append(invalid(f"{path}.requests", names.quoted(amount), why))
    return found


def _update_causes(spec: Document, old: Document) -> list[Cause]:
    """Nothing of a pod's spec may change but images, a shorter deadline, more tolerations, the node it is bound to."""
    left, right = _frozen(spec), _frozen(old)
    if left != right:
        return [forbidden("spec", _IMMUTABLE)]
    before, after = old.get("activeDeadlineSeconds"), spec.get("activeDeadlineSeconds")
    if before is not None and (after is None or after > before):
        path = "spec.activeDeadlineSeconds"
        if after is None:
            return [invalid(path, "null", "must not update from a positive integer to nil value")]
        return [invalid(path, str(after), f"must be less than or equal to previous value {before}")]
    missing = [t for t in old.get("tolerations", []) if t not in spec.get("tolerations", [])]
    if missing:
        return [forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")]
    return []


_CHANGEABLE: tuple[str, ...] = ("activeDeadlineSeconds", "tolerations")


def _frozen(spec: Document) -> Document:
    """The part of a spec that may never change."""
    frozen: Document = {key: clone(value) for key, value in spec.items() if key not in _CHANGEABLE}
    for _, container in containers_of(frozen):
        container.pop("image", None)
    return frozen
