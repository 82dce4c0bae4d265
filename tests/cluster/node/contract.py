"""What upstream's executor reads of a pod (§4.2 to §4.7), and nothing that it does not expect."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from argotui.model.documents import Document, annotations, labels, name, owner
from argotui.model.keys import ANNOTATION_NODE_ID, ANNOTATION_NODE_NAME, LABEL_COMPLETED, LABEL_WORKFLOW

ARGS_FILE = "/argo/config/ARGO_CONTAINER_ARGS_FILE"
OFFLOADED = "offloaded"
_SHARED = ("var-run-argo", "/var/run/argo")
_FLAGS = ("--loglevel", "--log-format", "--gloglevel")
_EVERYWHERE = {
    "ARGO_CONTAINER_NAME", "ARGO_NODE_ID", "ARGO_INCLUDE_SCRIPT_OUTPUT", "ARGO_DEADLINE", "ARGO_WORKFLOW_NAME",
}  # fmt: skip
_EXECUTOR = {"ARGO_POD_NAME", "ARGO_POD_UID", "ARGO_WORKFLOW_UID"}
_PROGRESS = {"ARGO_PROGRESS_FILE", "ARGO_PROGRESS_PATCH_TICK_DURATION", "ARGO_PROGRESS_FILE_TICK_DURATION"}
_SOMETIMES = {
    "ARGO_TEMPLATE", "ARGO_INSTANCE_ID", "ARGO_CONTAINER_ARGS_FILE", "ARGO_ARTIFACT_PLUGIN_NAMES",
    "ARGO_TERMINATION_GRACE_PERIOD_SECONDS", "ARGO_DEBUG_PAUSE_BEFORE", "ARGO_DEBUG_PAUSE_AFTER",
}  # fmt: skip
_KNOWN = _EVERYWHERE | _EXECUTOR | _PROGRESS | _SOMETIMES


class UnexpectedPod(Exception):
    """The executor would not have known what to do; the message lists each point."""


def values(container: Document) -> dict[str, Any]:
    """A container's environment; a field reference stands as its path."""
    return {
        each["name"]: each.get("value", "")
        if "valueFrom" not in each
        else (each["valueFrom"].get("fieldRef") or {}).get("fieldPath", each["valueFrom"])
        for each in container.get("env") or ()
    }


@dataclass(frozen=True)
class Contract:
    """A pod as its executor sees it. config: the ConfigMap of the pod's own name, where values were offloaded."""

    pod: Document
    config: Mapping[str, str]

    @classmethod
    def read(cls, pod: Document, config: Mapping[str, str]) -> Contract:
        """Raises UnexpectedPod."""
        contract = cls(pod, config)
        faults = list(contract.faults())
        if faults:
            raise UnexpectedPod(f"{name(pod)}: " + "; ".join(faults))
        return contract

    @property
    def node_id(self) -> str:
        return annotations(self.pod)[ANNOTATION_NODE_ID]

    @property
    def node_name(self) -> str:
        return annotations(self.pod)[ANNOTATION_NODE_NAME]

    @property
    def workflow(self) -> str:
        return labels(self.pod)[LABEL_WORKFLOW]

    @cached_property
    def template(self) -> Document:
        """The template, from the environment of `init` or from the ConfigMap."""
        text = values(self.init)["ARGO_TEMPLATE"]
        found: Document = json.loads(self.config["ARGO_TEMPLATE"] if text == OFFLOADED else text)
        return found

    @property
    def init(self) -> Document:
        found: Document = self.pod["spec"]["initContainers"][0]
        return found

    @property
    def containers(self) -> list[Document]:
        """All but `wait`."""
        return [each for each in self.pod["spec"]["containers"] if each["name"] != "wait"]

    @property
    def wait(self) -> Document | None:
        return next((each for each in self.pod["spec"]["containers"] if each["name"] == "wait"), None)

    @property
    def captures_output(self) -> bool:
        """Whether stdout is kept as the result."""
        return bool(values(self.init)["ARGO_INCLUDE_SCRIPT_OUTPUT"] == "true")

    def reported(self, outputs: Mapping[str, Any]) -> Document:
        """What `wait` reports of `outputs`, which is all there is: what the template declares, and stdout if asked."""
        declared = self.template.get("outputs") or {}
        found: Document = {}
        if self.captures_output and "result" in outputs:
            found["result"] = outputs["result"]
        for kind in ("parameters", "artifacts"):
            wanted = {each["name"] for each in declared.get(kind) or ()}
            given = [each for each in outputs.get(kind) or () if each["name"] in wanted]
            if given:
                found[kind] = given
        return found

    # --- what must be so ----------------------------------------------------------------------

    def faults(self) -> Iterator[str]:
        """Each point in which the pod is not as §4 has it."""
        yield from self._metadata()
        if not (self.pod["spec"].get("initContainers") or ()):
            yield "there is no init container"
            return
        yield from self._spec()
        for container, role in self._roles():
            yield from self._container(container, role)
        yield from self._template()

    def _metadata(self) -> Iterator[str]:
        reference = owner(self.pod) or {}
        if (reference.get("kind"), reference.get("name")) != ("Workflow", labels(self.pod).get(LABEL_WORKFLOW)):
            yield f"its owner is {reference.get('kind')} {reference.get('name')}"
        if not (reference.get("controller") and reference.get("blockOwnerDeletion")):
            yield "the workflow is not its controller"
        if labels(self.pod).get(LABEL_COMPLETED) != "false":
            yield "it is not labelled completed=false"
        for key in (ANNOTATION_NODE_ID, ANNOTATION_NODE_NAME, "kubectl.kubernetes.io/default-container"):
            if not annotations(self.pod).get(key):
                yield f"the annotation {key} is missing"

    def _spec(self) -> Iterator[str]:
        spec = self.pod["spec"]
        if spec.get("restartPolicy") != "Never":
            yield f"restartPolicy is {spec.get('restartPolicy')}"
        volumes = {each["name"]: each for each in spec.get("volumes") or ()}
        for needed in ("var-run-argo", "tmp-dir-argo"):
            if "emptyDir" not in volumes.get(needed, {}):
                yield f"the volume {needed} is no emptyDir"
        if self.init["name"] != "init":
            yield "the first init container is not init"
        names = [each["name"] for each in spec["containers"]]
        if "wait" in names and names[0] != "wait":
            yield "wait is not the first container"

    def _roles(self) -> Iterator[tuple[Document, str]]:
        for each in self.pod["spec"]["initContainers"]:
            yield each, "init" if each is self.init else "user init"
        for each in self.pod["spec"]["containers"]:
            yield each, "wait" if each["name"] == "wait" else "main"

    def _container(self, container: Document, role: str) -> Iterator[str]:
        at = container["name"]
        command = tuple(container.get("command") or ())
        for fault in {"init": _is_executor("init"), "wait": _is_executor("wait"), "main": _is_wrapped}.get(
            role, lambda _command: iter(())
        )(command):
            yield f"{at}: {fault}"
        mounts = {(each["name"], each["mountPath"]) for each in container.get("volumeMounts") or ()}
        if _SHARED not in mounts:
            yield f"{at}: /var/run/argo is not mounted"
        yield from (f"{at}: {fault}" for fault in self._environment(container, role))

    def _environment(self, container: Document, role: str) -> Iterator[str]:
        found = values(container)
        ours = {each for each in found if each.startswith("ARGO_")}
        needed = _EVERYWHERE | (_EXECUTOR if role in ("init", "wait") else set())
        yield from (f"{each} is missing" for each in sorted(needed - ours))
        yield from (f"{each} is unknown" for each in sorted(ours - _KNOWN))
        if _PROGRESS & ours and not ours >= _PROGRESS:
            yield "the progress file is told of by halves"
        told = {"ARGO_CONTAINER_NAME": container["name"], "ARGO_NODE_ID": annotations(self.pod)[ANNOTATION_NODE_ID]}
        told["ARGO_WORKFLOW_NAME"] = labels(self.pod)[LABEL_WORKFLOW]
        yield from (f"{key} is {found.get(key)!r}" for key, value in told.items() if found.get(key) != value)
        if ("ARGO_TEMPLATE" in ours) != role.endswith("init"):
            yield "ARGO_TEMPLATE belongs to init containers, and to them only"
        if found.get("ARGO_INCLUDE_SCRIPT_OUTPUT") not in ("true", "false"):
            yield "ARGO_INCLUDE_SCRIPT_OUTPUT is neither true nor false"
        yield from _deadline(str(found.get("ARGO_DEADLINE")))
        if "ARGO_CONTAINER_ARGS_FILE" in ours and found["ARGO_CONTAINER_ARGS_FILE"] != ARGS_FILE:
            yield "ARGO_CONTAINER_ARGS_FILE leads elsewhere"

    def _template(self) -> Iterator[str]:
        try:
            template = self.template
        except (KeyError, ValueError) as error:
            yield f"ARGO_TEMPLATE cannot be read: {error!r}"
            return
        if (template.get("inputs") or {}).get("parameters"):
            yield "ARGO_TEMPLATE holds input parameters, which have been substituted"
        reports = not ("resource" in template or "data" in template)
        if reports and self.wait is None:
            yield "there is no wait container to report the outputs"
        if "script" in template and (template["script"] or {}).get("source"):
            main = next(each for each in self.containers if each["name"] == "main")
            if (main.get("args") or [""])[-1] != "/argo/staging/script":
                yield "main: the script is not its last argument"
            for each in (self.init, main):
                if "/argo/staging" not in {mount["mountPath"] for mount in each.get("volumeMounts") or ()}:
                    yield f"{each['name']}: /argo/staging is not mounted"


def _is_executor(verb: str) -> Callable[[tuple[str, ...]], Iterator[str]]:
    def faults(command: tuple[str, ...]) -> Iterator[str]:
        if command[:2] != ("argoexec", verb) or command[2::2] != _FLAGS:
            yield f"the command is {' '.join(command)}"

    return faults


def _is_wrapped(command: tuple[str, ...]) -> Iterator[str]:
    head, rest = command[:9], command[9:]
    if head[:2] != ("/var/run/argo/argoexec", "emissary") or head[2:8:2] != _FLAGS or head[8:] != ("--",):
        yield f"the command is not wrapped: {' '.join(command)}"
    elif not rest:
        yield "there is no command behind the emissary's"


def _deadline(text: str) -> Iterator[str]:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        yield f"ARGO_DEADLINE cannot be read: {text}"
