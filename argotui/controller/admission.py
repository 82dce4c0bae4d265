"""Which workflows may begin (§2.1, §2.6): the throttle, fed with the configuration and the labels of namespaces."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping

from argotui.controller.throttle import Throttle
from argotui.engine.config import EngineConfig
from argotui.engine.lockstatus import recorded_holders
from argotui.kube.reflector import Key
from argotui.model import keys
from argotui.model.documents import Document, created, labels, namespace, uid

log = logging.getLogger(__name__)

_NUMBER = re.compile(r"[0-9]{1,9}\Z")


class Admission:
    """namespaces: those with a limit of their own, by key. admitted: told of the uid of a workflow that may begin."""

    def __init__(
        self,
        namespaces: Callable[[], Mapping[Key, Document]],
        config: Callable[[], EngineConfig],
        admitted: Callable[[str], None],
    ) -> None:
        self._namespaces = namespaces
        self._config = config
        self._admitted = admitted
        self._throttle = Throttle(lambda: config().parallelism, self._limit_of)

    def restore(self, workflows: Iterable[Document]) -> None:
        """Before anybody is added: what runs already, or holds a lock that others may be waiting for, goes on."""
        for workflow in workflows:
            if (workflow.get("status") or {}).get("phase") == "Running" or recorded_holders(workflow):
                self._throttle.add(uid(workflow), namespace(workflow), 0, "", runs=True)

    def add(self, workflow: Document) -> None:
        """A workflow that is not complete, as it is now. It is not told of itself: whoever adds it asks."""
        own, priority = uid(workflow), (workflow.get("spec") or {}).get("priority") or 0
        admitted = self._throttle.add(own, namespace(workflow), int(priority), created(workflow) or "")
        self._tell(each for each in admitted if each != own)

    def remove(self, own: str) -> None:
        """The workflow is complete, or gone."""
        self._tell(self._throttle.remove(own))

    def limits_changed(self) -> None:
        """The configuration or a namespace was changed."""
        self._tell(self._throttle.limits_changed())

    def is_admitted(self, own: str) -> bool:
        """Whether the workflow with this uid may begin, or go on."""
        return self._throttle.is_admitted(own)

    def _tell(self, admitted: Iterable[str]) -> None:
        for own in admitted:
            self._admitted(own)

    def _limit_of(self, name: str) -> int:
        """The namespace's own limit, else the common one."""
        found = self._namespaces().get(("", name))
        text = labels(found).get(keys.LABEL_PARALLELISM_LIMIT, "") if found is not None else ""
        if _NUMBER.match(text):
            return int(text)
        if text:
            log.warning("namespace %s: label %s: %r is not a number", name, keys.LABEL_PARALLELISM_LIMIT, text)
        return self._config().namespace_parallelism
