"""The waiter: a few lines of sh beside each container, which outlive the kubelet as a container does.

It makes the `started` mark exclusively, starts the command, pipes its output into the log up to the cap, and writes
the exit code down. It is no child that matters: a kubelet that comes later finds it by its mark. `sh` is the
smallest thing that is on every machine: it costs about 1 ms and less than 1 MB.

The cap is a limit on the size of the files that `tee` may write (RLIMIT_FSIZE, its signal ignored): beyond it tee
drops what it reads, so the command is neither blocked nor killed and the disk does not fill, with or without kubelet.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
from collections.abc import Iterable
from dataclasses import dataclass

from argotui.local.runtime.records import EXIT, LOG, LOG_CAP_FILE, RESULT, RUN, STARTED
from argotui.local.runtime.types import LOG_CAP, RESULT_BYTES, ContainerPlan, Launch, StartFailure

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BLOCK = 512
_RESET = tuple(set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
# descriptors within the script; one digit each, more is not portable sh
_LOG_OUT, _LOG_IN, _RESULT_OUT, _RESULT_IN = 8, 7, 6, 5


class MissingTool(Exception):
    """A program that every Linux has is not on this one."""


@dataclass(frozen=True)
class Tools:
    """Absolute paths of the programs that waiters use."""

    sh: str
    tee: str
    tail: str
    setsid: str
    processes_limit: int = 0
    """Processes that the user may have before a step may start no more; 0 is no limit of ours."""
    cgroup: str = ""
    """The cgroup.procs of a group that bounds the processes of all steps; "" where there is none."""

    @classmethod
    def find(cls, processes_limit: int = 0, cgroup: str = "") -> Tools:
        """Looks them up. Raises MissingTool."""
        found = {name: shutil.which(name, path=PATH) for name in ("sh", "tee", "tail", "setsid")}
        for name, path in found.items():
            if path is None:
                raise MissingTool(f"{name} is not in {PATH}; the local cluster needs it to run steps")
        paths = {name: path for name, path in found.items() if path}
        return cls(**paths, processes_limit=processes_limit, cgroup=cgroup)


def script(plan: ContainerPlan, launch: Launch, tools: Tools) -> str:
    """The text of the waiter."""
    capture = plan.capture_stdout
    lines = [
        f"cd {shlex.quote(str(plan.record.directory))} || exit 1",
        "umask 022",
        "read -r boot </proc/sys/kernel/random/boot_id",
        "read -r stat </proc/self/stat",
        "set -C",
        f'echo "$boot $stat" 2>/dev/null >{STARTED} || exit 0',
        "set +C",
        *_bounds(tools),
        _capper(tools, plan.log_cap, _LOG_IN, capture),
    ]
    if capture:
        lines.append(_capturing(tools, plan.log_cap))
    lines += [_command_line(launch, tools, capture), "code=$?", f'echo "$code" >{EXIT}']
    if launch.own_group:
        lines += ["read -r group rest <command", 'kill -9 -- "-$group" 2>/dev/null']
    lines += [_closing(capture, "exec "), "wait", ""]
    return "\n".join(lines)


def _bounds(tools: Tools) -> list[str]:
    lines = []
    if tools.cgroup:
        lines.append(f"echo 0 >{shlex.quote(tools.cgroup)}")
    if tools.processes_limit:
        lines.append(f"ulimit -u {tools.processes_limit} 2>/dev/null || ulimit -p {tools.processes_limit} 2>/dev/null")
    return lines


def _capped(cap: int) -> str:
    # one block more than the cap, so that a reader can tell a log that is just full from one that is cut
    return f"trap '' XFSZ TERM INT HUP; ulimit -f {cap // _BLOCK + 1}"


def _capper(tools: Tools, cap: int, source: int, capture: bool) -> str:
    close = _closing(capture)
    return f"({_capped(cap)}; exec {tools.tee} -a {LOG} <&{source} >/dev/null 2>&1 {close}) &"


def _capturing(tools: Tools, cap: int) -> str:
    # whoever keeps a write end of a pipe open keeps its readers waiting, so all of them are closed first
    close = f"exec {_LOG_IN}<&- {_LOG_OUT}<&- {_RESULT_OUT}<&-"
    copy = f"({_capped(cap)}; exec {tools.tee} -a {LOG} <&{_RESULT_IN} {_RESULT_IN}<&-)"
    keep = f"exec {tools.tail} -c {RESULT_BYTES} >{RESULT} {_RESULT_IN}<&-"
    return f"(trap '' TERM INT HUP; {close}; {copy} | {keep}) 2>/dev/null &"


def _closing(capture: bool, before: str = "") -> str:
    descriptors = [_LOG_IN, _LOG_OUT, *([_RESULT_IN, _RESULT_OUT] if capture else [])]
    return before + " ".join(f"{number}<&-" for number in descriptors)


def _command_line(launch: Launch, tools: Tools, capture: bool) -> str:
    words = " ".join(shlex.quote(word) for word in launch.command)
    reads = [f"{number}<{name}" for number, name in launch.reads.items()]
    appends = [f"{number}>>{name}" for number, name in launch.appends.items()]
    out = _RESULT_OUT if capture else _LOG_OUT
    redirections = " ".join([f"</dev/null >&{out} 2>&{_LOG_OUT}", _closing(capture), *reads, *appends])
    if not launch.own_group:
        return f"{words} {redirections}"
    move = f"cd {shlex.quote(launch.directory)} && unset OLDPWD; " if launch.directory else ""
    if launch.mark is not None:
        move += f"export {launch.mark[0]}={shlex.quote(launch.mark[1])}; "
    return f'( read -r stat </proc/self/stat; echo "$stat" >command; {move}exec {tools.setsid} {words} ) {redirections}'


def check_words(plan: ContainerPlan, launch: Launch) -> None:
    """The kernel would refuse the command; here it can still be said in Go's words. Raises StartFailure."""
    longest = 131072 - 1  # MAX_ARG_STRLEN with the final NUL
    texts = [*plan.command, *(f"{name}={value}" for name, value in plan.environment)]
    name = next(iter(plan.command), plan.image)
    refuse_nul(name, [*texts, *launch.command, launch.directory])
    sizes = [len(os.fsencode(text)) for text in texts]
    if max(sizes, default=0) > longest or sum(sizes) + 9 * len(sizes) > os.sysconf("SC_ARG_MAX") - 4096:
        raise StartFailure(f"fork/exec {name}: argument list too long")


def refuse_nul(name: str, words: Iterable[str]) -> None:
    """No argument or variable can hold a NUL; in a file of words that NULs end it would begin another word.

    `name` is what was to be started. Raises StartFailure.
    """
    if any("\0" in word for word in words):
        raise StartFailure(f"fork/exec {name}: invalid argument".replace("\0", "\\0"))


def start(plan: ContainerPlan, launch: Launch, tools: Tools) -> int:
    """Starts the waiter and returns its pid. It may lose to an earlier one: then it ends at once, having done nothing.

    Raises StartFailure for what no kernel would start, OSError when no process can be made.
    """
    check_words(plan, launch)
    record = plan.record
    if plan.log_cap != LOG_CAP:
        record.path(LOG_CAP_FILE).write_text(str(plan.log_cap))
    os.close(os.open(f"{record.directory}/{LOG}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    program = f"{record.directory}/{RUN}"
    put(program, script(plan, launch, tools).encode("utf-8", "surrogateescape"))
    pipes = [(os.pipe(), (_LOG_IN, _LOG_OUT))]
    if plan.capture_stdout:
        pipes.append((os.pipe(), (_RESULT_IN, _RESULT_OUT)))
    try:
        return _spawn(program, launch, tools, pipes)
    finally:
        for ends, _ in pipes:
            os.close(ends[0])
            os.close(ends[1])


def put(path: str, content: bytes, mode: int = 0o600) -> None:
    """Writes a file in one step: a waiter of a killed kubelet may be reading the one that is there."""
    temporary = path + ".new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
    os.replace(temporary, path)


def _spawn(program: str, launch: Launch, tools: Tools, pipes: list[tuple[tuple[int, int], tuple[int, int]]]) -> int:
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
        (os.POSIX_SPAWN_DUP2, 0, 1),
        (os.POSIX_SPAWN_DUP2, 0, 2),
    ]
    wanted = [pair for ends, numbers in pipes for pair in zip(ends, numbers, strict=True)]
    # above the script's numbers first: a descriptor of ours may have one of them
    for descriptor, number in wanted:
        actions.append((os.POSIX_SPAWN_DUP2, descriptor, number + 200))
    for _, number in wanted:
        actions += [(os.POSIX_SPAWN_DUP2, number + 200, number), (os.POSIX_SPAWN_CLOSE, number + 200)]
    environment = launch.environment or {"PATH": PATH}
    return os.posix_spawn(
        tools.sh, ["sh", program], environment, file_actions=actions, setsid=True,
        # Python ignores SIGPIPE and SIGXFSZ, and whoever started us may ignore more; steps must not inherit that
        setsigdef=_RESET, setsigmask=(),
    )  # fmt: skip
