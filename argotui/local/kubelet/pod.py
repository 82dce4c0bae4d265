"""One pod, from its binding to its last status; also a pod that another kubelet has begun.

What has been done stands in the records of its containers, so every run goes the same way from the start and skips
what is there. The containers of the executor need no process: `init` is a few files, `wait` is told by the kubelet
when main has ended.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Coroutine
from typing import Any

from argotui.executor.commands import Role, role_of
from argotui.executor.template import ExecutorError, deadline_of
from argotui.local.kubelet import admission, plans
from argotui.local.kubelet.accounts import acting
from argotui.local.kubelet.binding import bind, remove
from argotui.local.kubelet.container import ContainerRun, end_now
from argotui.local.kubelet.context import Node, pod_directory, record_of, records_below, title
from argotui.local.kubelet.deadlines import Deadlines
from argotui.local.kubelet.environment import environment_of
from argotui.local.kubelet.executors import Step, WaitContainer, run_directory, run_init, step_of
from argotui.local.kubelet.inside import INSIDE, InsideContainer, as_processes, work_of
from argotui.local.kubelet.members import Members
from argotui.local.kubelet.patience import Patience, Stopped
from argotui.local.kubelet.podfile import PodFile
from argotui.local.kubelet.probes import Prober
from argotui.local.kubelet.references import References
from argotui.local.kubelet.states import States
from argotui.local.kubelet.status import PodState
from argotui.local.kubelet.stopping import Stopping, Verdict
from argotui.local.kubelet.volumes import Volume, existing_volumes, make_volumes
from argotui.local.kubelet.waitend import FAILED, WaitEnd
from argotui.local.kubelet.writer import StatusWriter
from argotui.local.runtime.beside import Beside, run_beside
from argotui.local.runtime.records import ContainerRecord, Ended
from argotui.local.runtime.types import GRACE_SECONDS, ContainerPlan, Refused
from argotui.model import documents
from argotui.model.documents import Document

log = logging.getLogger(__name__)

DEADLINE = Verdict("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
UNSUPPORTED = "UnsupportedField"
_STEP_DEADLINE = "Step exceeded its deadline"
_FORCED_GRACE = 2.0
_KILL_SECONDS = 10.0


class PodRun:
    """`run()` it in a task; tell it of changes with `update`, `gone` and `signal`."""

    def __init__(self, pod: Document, node: Node) -> None:
        self._pod = pod
        self._node = node
        self._uid = documents.uid(pod)
        self._directory = pod_directory(node.pods_dir, self._uid)
        self._file = PodFile.read(self._directory)
        self._runtime = node.runtime_named(self._file.runtime) if self._file else node.runtime
        self._records: dict[str, ContainerRecord] = {}
        self._plans: dict[str, ContainerPlan] = {}
        self._inside: dict[str, InsideContainer] = {}
        self._volumes: dict[str, Volume] = {}
        self._step: Step | None = None
        self._members = Members(None)
        self._probers: dict[str, Prober] = {}
        self._remark = ""
        self._wait = WaitEnd()
        self._stopping = Stopping(self._signal_process)
        self._writer = StatusWriter(node.api, pod, self._runtime.description, self._state)
        self._states = States(self._writer.touch)
        self._patience = Patience(node.api, pod, self._stopping.event, self._states.hold, node.authority)
        self._deadlines = Deadlines()

    async def run(self) -> None:
        """Returns when the pod has ended and its last status is stored, or the pod is gone.

        Cancelling it leaves the containers alone: that is how a kubelet ends.
        """
        try:
            if await bind(self._node.api, self._pod):
                await self._follow()
        finally:
            self._stopping.abandon()
            self._writer.abandon()
            self._deadlines.cancel()

    async def _follow(self) -> None:
        self._file = PodFile.keep(self._directory, self._pod, self._runtime.description.name)
        self._arm_deadline()
        self._look_for_deletion()
        try:
            await self._live()
        except Stopped:
            log.info("%s: stopped before all its containers had started", title(self._pod))
        except Refused as refusal:
            self._stopping.begin(Verdict(UNSUPPORTED, str(refusal)), 0.0)
        except Exception as error:
            log.exception("%s: ended, because the kubelet cannot cope with it", title(self._pod))
            self._stopping.begin(Verdict("KubeletError", f"{type(error).__name__}: {error}"), 0.0)
        await self._stopping.done()
        if self._stopping.event.is_set():
            await self._end_rest()
        await self._conclude()

    def update(self, pod: Document) -> None:
        """The pod has changed in the API."""
        self._pod = pod
        self._arm_deadline()
        self._look_for_deletion()

    def gone(self) -> None:
        """The pod is not in the API any more: what runs of it is ended without ceremony."""
        self._writer.gone = True
        self._stopping.begin(Verdict(), min(_FORCED_GRACE, self._grace()))

    @property
    def pod(self) -> Document:
        """The pod as it was last seen."""
        return self._pod

    @property
    def is_gone(self) -> bool:
        """Whether the pod is not in the API any more."""
        return self._writer.gone

    async def signal(self, container: str, number: int) -> str:
        """Delivers a signal that the controller has asked for. "" when it was, else why not."""
        if not self._states.is_running(container):
            return f"container {container} of pod {title(self._pod)} is not running"
        if container in self._plans or container in self._inside:
            await self._signal_process(container, number)
        elif number == signal.SIGKILL:
            self._wait.kill()
        return ""

    async def execution(self, container: str, command: list[str], *, tty: bool) -> Beside:
        """How a command is started in a running container. Raises Refused, StartFailure or OSError."""
        if not self._states.is_running(container):
            raise Refused(f"container {container} of pod {title(self._pod)} is not running")
        plan = self._plans.get(container)
        if plan is None:
            raise Refused(f"container {container} is the executor's and runs inside the kubelet: it has no files")
        return await self._runtime.execution(plan, command, tty=tty)

    async def _live(self) -> None:
        refused = admission.refusal(self._pod) or self._runtime.refusal(as_processes(self._pod))
        if refused:
            raise Refused(refused)
        self._volumes = await self._made_volumes()
        inits = self._pod["spec"].get("initContainers") or []
        try:
            self._step = step_of(self._pod, self._volumes)
            self._members = Members(self._step)
        except ExecutorError as error:
            self._fail_executor(inits, str(error))
        for container in inits:
            ended = await self._run_init(container)
            if ended.exit_code != 0:
                return
        await self._run_mains()

    async def _made_volumes(self) -> dict[str, Volume]:
        directory = self._directory / "volumes"
        if any(record.started() or record.ended() for record in records_below(self._directory)):
            return existing_volumes(self._pod, directory)
        plans.write_hosts(self._pod, self._directory / plans.HOSTS)
        if not self._pod["spec"].get("volumes"):
            return {}
        names = [str(container["name"]) for container in self._containers()]
        claims = self._node.claims_dir
        return await self._patience.volumes(lambda found: make_volumes(self._pod, directory, found, claims), names)

    def _fail_executor(self, inits: list[Document], message: str) -> None:
        container = next((c for c in inits if role_of(c) is Role.INIT), None)
        if container is None:
            raise Refused(message)
        self._record(container).write_exit(FAILED, "", message)

    async def _run_init(self, container: Document) -> Ended:
        record = self._record(container)
        if role_of(container) is Role.AGENT:  # it prepares what only plugins need
            record.mark_started()
            ended = record.write_exit(0)
            self._states.over(str(container["name"]), ended, record)
            return ended
        if role_of(container) is not Role.INIT:
            return await self._run_process(container)
        if self._step is None and record.ended() is None:
            raise Refused(f"initContainers: {container['name']} runs argoexec init without ARGO_TEMPLATE")
        ended = record.ended() or run_init(self._step, container, self._volumes, record)  # type: ignore[arg-type]
        self._states.over(str(container["name"]), ended, record)
        return ended

    async def _run_mains(self) -> None:
        """Starts what runs as processes first, since a step waits for that, then `wait`."""
        containers: list[Document] = self._pod["spec"].get("containers") or []
        waits = [container for container in containers if role_of(container) is Role.WAIT]
        others = [container for container in containers if role_of(container) is not Role.WAIT]
        for container in others:
            if role_of(container) not in INSIDE:
                await self._plan(container)
        tasks = [asyncio.create_task(self._run_main(container)) for container in others]
        self._members.follow({str(c["name"]): task for c, task in zip(others, tasks, strict=True)})
        tasks += [asyncio.create_task(self._run_wait(container)) for container in waits]
        mains = [task for task, c in zip(tasks, others, strict=False) if self._is_main(c)]
        watching = asyncio.create_task(self._watch_mains(mains, others))
        outcomes = await asyncio.gather(*tasks, watching, return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            # that a container was not started any more says less than why another could not be
            raise min(failures, key=lambda failure: isinstance(failure, Stopped))

    def _is_main(self, container: Document) -> bool:
        return self._step is None or str(container["name"]) in self._step.mains

    async def _watch_mains(self, mains: list[asyncio.Task[Ended]], others: list[Document]) -> None:
        """When the step's work is done, `wait` reports, and what runs beside it is ended as its emissary would."""
        if mains:
            await asyncio.wait(mains)
        self._wait.mains_over.set()
        beside = [str(container["name"]) for container in others if not self._is_main(container)]
        if beside:
            await self._stopping.end_some(beside, self._grace())

    async def _plan(self, container: Document) -> ContainerPlan:
        name, record = str(container["name"]), self._record(container)
        if name not in self._plans:

            def make(found: References | None) -> Coroutine[Any, Any, ContainerPlan]:
                return plans.plan_of(self._pod, container, self._node, self._volumes, self._step, found)

            known = record.started() or record.ended()
            self._plans[name] = await (make(None) if known else self._patience.configuration(make, name))
        return self._plans[name]

    async def _run_main(self, container: Document) -> Ended:
        inside = role_of(container) in INSIDE
        return await (self._run_inside(container) if inside else self._run_process(container))

    async def _run_inside(self, container: Document) -> Ended:
        """A container that works without a process. Raises Refused."""
        name, record = str(container["name"]), self._record(container)
        work = work_of(
            lambda: acting(self._node.api, self._pod, container, self._volumes),
            self._pod,
            container,
            self._step,
            record,
        )
        ended = record.ended()
        if ended is None:
            inside = self._inside[name] = InsideContainer(record)
            self._stopping.runs(name)
            self._states.runs(name, record)
            try:
                ended = await inside.run(work)
            finally:
                self._stopping.ran(name)
        self._states.over(name, ended, record)
        return ended

    async def _run_process(self, container: Document) -> Ended:
        name = str(container["name"])
        plan = await self._plan(container)
        run = ContainerRun(plan, self._runtime, self._node)
        if plan.record.started() is None and plan.record.ended() is None:
            early = await self._turn(name, plan.record) if self._members.waits(name) else None
            if early is not None:
                self._states.over(name, early, plan.record)
                return early
            try:
                await self._patience.image(run.start, name)
            except Refused as refusal:
                self._stopping.begin(Verdict(UNSUPPORTED, str(refusal)), 0.0)
                raise
        if plan.record.ended() is None:
            self._stopping.runs(name)
            self._states.runs(name, plan.record)
            if self._remark and self._is_main(container):
                self._stopping.end_soon([name], self._grace())
            self._watch(container, plan)
        try:
            ended = await run.end()
        finally:
            self._stopping.ran(name)
            if name in self._probers:
                self._probers.pop(name).stop()
        self._states.over(name, ended, plan.record)
        return ended

    def _watch(self, container: Document, plan: ContainerPlan) -> None:
        """Probes say when it is ready, and may end it."""

        def execute(command: list[str], seconds: float) -> Awaitable[int | None]:
            return run_beside(self._runtime.probe(plan, command), seconds)

        prober = Prober(
            container, execute, self._writer.touch, lambda: self._stopping.end_soon([plan.name], self._grace())
        )
        self._probers[plan.name] = prober
        prober.start()

    async def _turn(self, name: str, record: ContainerRecord) -> Ended | None:
        """Others of its set come first; meanwhile it counts as running. Its end, when it must not start at all."""
        self._stopping.runs(name)
        self._states.runs(name)
        try:
            early = await self._members.turn(name)
        finally:
            self._stopping.ran(name)
        return None if early is None else record.write_exit(early[0], "", early[1])

    async def _run_wait(self, container: Document) -> Ended:
        name, record = str(container["name"]), self._record(container)
        try:
            environment = await environment_of(self._pod, container, References(self._node.api, ""))
            if self._step is None:
                raise ExecutorError("there is no ARGO_TEMPLATE")
            shared = run_directory(container, self._volumes)
            api = await acting(self._node.api, self._pod, container, self._volumes)
            wait = WaitContainer(api, self._pod, self._step, environment, record, shared)
            if moment := deadline_of(environment):
                self._deadlines.arm_step(moment, self._step_deadline_passed)
        except ExecutorError as error:
            await self._wait.mains_over.wait()
            ended = record.write_exit(FAILED, "", str(error))
        else:
            self._states.runs(name, record)
            ended = await self._wait.follow(wait, record, self._node.marks, lambda: self._finish(wait))
        self._states.over(name, ended, record)
        return ended

    async def _finish(self, wait: WaitContainer) -> Ended:
        main = self._plans.get("main")
        ran = main is not None and (main.record.started() or main.record.ended())
        return await wait.finish(main if ran else None, self._runtime, self._remark)

    async def _end_rest(self) -> None:
        """Ends what a former kubelet has started and we have not come to follow before the pod was ended."""
        for record in records_below(self._directory):
            if record.is_running() and not await end_now(record, self._runtime, _KILL_SECONDS):
                log.error("%s: container %s cannot be killed", title(self._pod), record.name)

    async def _conclude(self) -> None:
        for plan in self._plans.values():
            await self._runtime.discard(plan.record)
        self._states.close()
        await self._writer.settle()
        self._node.tidy.strip(self._directory)
        if documents.deleted(self._pod) and not self._writer.gone:
            await remove(self._node.api, self._pod)

    def _state(self) -> PodState:
        verdict = self._stopping.verdict
        started = self._file.started_at if self._file else None
        reason, message = (verdict.reason, verdict.message) if verdict else ("", "")
        unready = [name for name, prober in self._probers.items() if not prober.ready]
        return PodState(self._states.all, started, reason, message, unready)

    async def _signal_process(self, name: str, number: int) -> None:
        if self._members.signal(name, number):
            return
        if name in self._inside:
            self._inside[name].signal(number)
            return
        await self._runtime.signal(self._plans[name].record, number)

    def _look_for_deletion(self) -> None:
        if documents.deleted(self._pod):
            if self._stopping.verdict is None and not self._any_main_has_ended():
                self._writer.mute()
            grace = (self._pod.get("metadata") or {}).get("deletionGracePeriodSeconds")
            self._stopping.begin(Verdict(), self._grace() if grace is None else float(grace))

    def _any_main_has_ended(self) -> bool:
        """By itself, before anybody deleted the pod: how it ended is worth telling."""
        names = [str(container["name"]) for container in self._pod["spec"].get("containers") or ()]
        return self._states.has_ended(names) or self._writer.told_of_an_end()

    def _grace(self) -> float:
        found = self._pod["spec"].get("terminationGracePeriodSeconds")
        return float(GRACE_SECONDS if found is None else found)

    def _arm_deadline(self) -> None:
        seconds = self._pod["spec"].get("activeDeadlineSeconds")
        if seconds is not None and self._file is not None:
            self._deadlines.arm_pod(self._file.started_at, float(seconds), self._deadline_passed)

    def _deadline_passed(self) -> None:
        self._stopping.begin(DEADLINE, self._grace())

    def _step_deadline_passed(self) -> None:
        if not self._wait.mains_over.is_set() and self._step is not None:
            self._remark = _STEP_DEADLINE
            self._stopping.end_soon(list(self._step.mains), self._grace())

    def _containers(self) -> list[Document]:
        spec = self._pod["spec"]
        return [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]

    def _record(self, container: Document) -> ContainerRecord:
        name = str(container["name"])
        if name not in self._records:
            self._records[name] = record_of(self._node.pods_dir, self._uid, name)
            self._records[name].make()
        return self._records[name]
