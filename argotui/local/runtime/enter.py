"""Runs a command inside the namespaces of a process, with no more rights than that process has.

A program of its own, that needs nothing but Python's standard library: `python -I -S enter.py DESCRIPTOR`. The
descriptor holds JSON: `pid`, the process whose namespaces and rights are taken, or 0; `words`, `environment`,
`directory`, `uid`, `gid` and `tty` of the command; `group`, a cgroup.procs to join, or nothing. The exit code is the
command's.

Whoever enters is for a moment a program of the host within reach of the step, which may have put links to /proc where
a program or its interpreter is looked for (CVE-2019-5736). So nothing of this process can be opened by others, and
what it becomes in there is `env`, from a sealed copy in memory, which then looks for the command.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import sys
from typing import Any, NoReturn

_NAMESPACES = ("user", "ipc", "uts", "pid", "mnt")
"""In the order of entering: the first gives the right to enter the others, the last takes the paths away."""
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_CAPABILITY_VERSION = 0x20080522
_TIOCSCTTY = 0x540E
_MFD_EXEC = 0x10
_SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
_PATH = "/usr/local/bin:/usr/bin:/bin"
_CANNOT = 126
_libc = ctypes.CDLL(None, use_errno=True)


class _Rights:
    """What /proc/PID/status tells of a process's rights."""

    def __init__(self, pid: int) -> None:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            found = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
        self.bounding, self.permitted = int(found["CapBnd"], 16), int(found["CapPrm"], 16)
        self.effective, self.inheritable = int(found["CapEff"], 16), int(found["CapInh"], 16)
        self.ambient = int(found.get("CapAmb", "0"), 16)
        self.no_new_privileges = found.get("NoNewPrivs", "0").strip() == "1"

    def take(self, uid: int, gid: int) -> None:
        """Makes this process have no more than these."""
        for number in range(64):
            if not self.bounding >> number & 1:
                _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # EINVAL beyond the last capability
        _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
        try:
            os.setgroups([])
        except PermissionError:
            pass  # a user namespace that denies it has no groups worth dropping
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        self._set_capabilities()
        if self.no_new_privileges:
            _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))

    def _set_capabilities(self) -> None:
        head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        words: list[int] = []
        for shift in (0, 32):
            words += [part >> shift & 0xFFFFFFFF for part in (self.effective, self.permitted, self.inheritable)]
        if _libc.capset(head, (ctypes.c_uint32 * 6)(*words)) and (self.effective or self.permitted):
            # a user that is not root has lost them all by now, which is fewer
            _checked(_libc.capset(head, (ctypes.c_uint32 * 6)()))


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _die_with_parent() -> None:
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if os.getppid() == 1:
        os._exit(_CANNOT)


def _enter(pid: int) -> None:
    opened = []
    for name in _NAMESPACES:
        theirs = f"/proc/{pid}/ns/{name}"
        # one that is ours already must not be entered again: the kernel refuses the user namespace then
        if os.readlink(theirs) != os.readlink(f"/proc/self/ns/{name}"):
            opened.append(os.open(theirs, os.O_RDONLY | os.O_CLOEXEC))
    for descriptor in opened:
        _checked(_libc.setns(descriptor, 0))


def _trampoline() -> int:
    """A descriptor of a copy of `env` that nobody can write to."""
    path = shutil.which("env", path=_PATH)
    if path is None:
        raise FileNotFoundError(2, os.strerror(2), "env")
    with open(path, "rb") as file:
        content = file.read()
    try:
        copy = os.memfd_create("env", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING | _MFD_EXEC)
    except OSError:  # a kernel before 6.3, where all of them may be executed
        copy = os.memfd_create("env", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(copy, view) :]
    fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
    return copy


def _run(asked: dict[str, Any], rights: _Rights | None, trampoline: int) -> NoReturn:
    """The child's part; never returns."""
    try:
        if asked["tty"]:
            os.setsid()
            _checked(_libc.ioctl(0, _TIOCSCTTY, 0))
        if rights is not None:
            rights.take(asked["uid"], asked["gid"])
        _die_with_parent()  # the kernel forgets it when the user changes
        os.chdir(asked["directory"])
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        os.execve(trampoline, ["env", "--", *asked["words"]], asked["environment"])
    except (OSError, ValueError, TypeError) as error:
        os.write(2, f"exec: {asked['words'][0]}: {error}\n".encode())
    os._exit(_CANNOT)


def main() -> NoReturn:
    """Enters, starts the command, waits for it."""
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        asked = json.loads(file.read())
    _die_with_parent()
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))
    if asked["group"]:
        with open(asked["group"], "w", encoding="ascii") as file:
            file.write("0")
    pid = asked["pid"]
    rights, trampoline = _Rights(pid) if pid else None, _trampoline()
    if pid:
        _enter(pid)
    child = os.fork()
    if child == 0:
        _run(asked, rights, trampoline)
    for descriptor in (0, 1, 2):
        os.close(descriptor)  # what reads the command's output waits for the last writer
    _, ended = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(ended)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
