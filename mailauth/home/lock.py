"""The lock that lets only one server run on a home. The kernel releases it when the server ends."""

import fcntl
import os
import signal
import time
from pathlib import Path

from twisted.logger import Logger

from mailauth.home import STATE_DIRECTORY, state_directory
from mailauth.home.file_lock import holders

log = Logger()

TEMPORARY = "tmp"  # for temporary files, which the next server removes

ORPHANS_SECONDS = 10.0  # that the workers of a killed server have to end
ORPHANS_PATIENCE = 2.0  # after which they are killed, since a stopped one does not end
_LOOK_SECONDS = 0.01
_SERVE_LOCK = "serve.lock"
_WORKERS_LOCK = "workers.lock"

WORKERS_MAIN = "mailauth.server.workers.main"  # the module that a worker runs


class HomeInUse(OSError):
    """Another server is running on this home; the message is for the operator."""


class HomeLock:
    """Locks a home on construction, until `release`. Raises `HomeInUse`.

    Workers inherit the descriptor `shared`, which holds a second lock. The workers of a killed
    server end shortly after it and may still write until then, so the next server waits for them.
    """

    def __init__(self, home: Path) -> None:
        state = state_directory(home)
        held = _locked(state / _SERVE_LOCK)
        if held is None:
            raise HomeInUse(f"{home}: another mailauth server is running on this home")
        began, are_killed = time.monotonic(), False
        while (shared := _locked(state / _WORKERS_LOCK)) is None:
            passed = time.monotonic() - began
            if passed > ORPHANS_PATIENCE and not are_killed:
                are_killed = True
                _kill_orphans(state / _WORKERS_LOCK)
            if passed > ORPHANS_SECONDS:
                os.close(held)
                raise HomeInUse(f"{home}: workers of a killed server are still running")
            time.sleep(_LOOK_SECONDS)  # noqa: TID251 (a killed server sends no signal)
        self.shared = shared
        self._held = held

    def release(self) -> None:
        """Unlock the home."""
        os.close(self.shared)
        os.close(self._held)


def is_served(home: Path) -> bool:
    """Return whether a server, or a worker of a killed server, is running on a home."""
    state = home / STATE_DIRECTORY
    for name in (_SERVE_LOCK, _WORKERS_LOCK):
        if not (state / name).exists():
            continue
        taken = _locked(state / name)
        if taken is None:
            return True
        os.close(taken)
    return False


def _kill_orphans(lock: Path) -> None:
    """Kill the workers that still hold a lock inherited from a killed server."""
    processes = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
    for process in holders(lock.stat(), processes):
        if WORKERS_MAIN.encode() in Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0"):
            log.critical(
                "Worker {pid} has outlived its server and does not end; killing it", pid=process
            )
            os.kill(process, signal.SIGKILL)


def _locked(path: Path) -> int | None:
    """Take a lock and return its descriptor; `None` when another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
