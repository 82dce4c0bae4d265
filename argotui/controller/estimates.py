"""The last good run of the same kind, for the estimates of a new one (§1.8)."""

import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping

from argotui.engine.estimation import Baseline, is_kin, origin
from argotui.kube.client import Client
from argotui.kube.errors import KubeError
from argotui.model.documents import Document, dig, name, namespace, uid
from argotui.model.resources import WORKFLOWS

log = logging.getLogger(__name__)

_SKIP = "SKIP_WORKFLOW_DURATION_ESTIMATION"
_MOST_KEPT = 64


class Estimates:
    """completed: the completed workflows as far as they are known, without their nodes."""

    def __init__(
        self,
        client: Client,
        completed: Callable[[], Iterable[Document]],
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._client = client
        self._completed = completed
        self._is_off = environ.get(_SKIP, "").lower() == "true"
        self._known: OrderedDict[str, Baseline] = OrderedDict()

    async def baseline(self, workflow: Document) -> Baseline | None:
        """None when there is nothing to go by. Never raises: an estimate is an extra."""
        kind = None if self._is_off else origin(workflow)
        if kind is None:
            return None
        kin = [each for each in self._completed() if is_kin(each, workflow, kind)]
        if not kin:
            return None
        newest = max(kin, key=lambda each: str(dig(each, "status", "startedAt") or ""))
        return self._known.get(uid(newest)) or await self._read(newest)

    async def _read(self, newest: Document) -> Baseline | None:
        try:
            found = await self._client.get(WORKFLOWS, name(newest), namespace(newest))
        except KubeError as error:
            log.debug("no estimate from %s/%s: %s", namespace(newest), name(newest), error)
            return None
        if uid(found) != uid(newest):
            return None
        baseline = self._known[uid(newest)] = Baseline.of(found)
        while len(self._known) > _MOST_KEPT:
            self._known.popitem(last=False)
        return baseline
