"""The worker processes of a running server, told apart by stopping all but one."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailauth.testing import RunningServer


def workers(server: RunningServer) -> list[int]:
    """Return the worker processes, the oldest first."""
    return children_of(server.process.pid)


def children_of(pid: int) -> list[int]:
    """Return the children of a process; one that has ended and was not waited for is none."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return sorted(child for child in map(int, text.split()) if not has_ended(child))


def has_ended(pid: int) -> bool:
    """Say whether a process is gone, but for what its parent has to be told."""
    return _state(pid) in ("", "Z")


def _state(pid: int) -> str:
    """Return the state of a process as the kernel writes it (proc(5)), "" when it is gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return status.rpartition(")")[2].split()[0]


def what_they_do(server: RunningServer) -> str:
    """Say of each thread of the server and its workers what it waits for in the kernel."""
    seen = []
    for pid in (server.process.pid, *children_of(server.process.pid)):
        for thread in sorted(Path(f"/proc/{pid}/task").iterdir()):
            waits = (thread / "wchan").read_text()
            seen.append(f"{pid}/{thread.name} {_state(int(thread.name))} {waits}")
    return ", ".join(seen)


def all_serve(server: RunningServer, count: int) -> bool:
    """Say whether so many workers have started, and wait for clients, who are quiet meanwhile."""
    wait = [Path(f"/proc/{pid}/wchan").read_text() for pid in workers(server)]
    return len(wait) == count and all("poll" in each for each in wait)


def stop(server: RunningServer, worker: int) -> None:
    """Stop a worker, at a moment when it has no lock for which the others would wait."""
    state = server.home / ".mailauth"
    locks = [(state / name).stat().st_ino for name in ("record.lock", "failures.lock")]
    while True:
        os.kill(worker, signal.SIGSTOP)
        while _state(worker) not in ("", "T"):
            pass
        held = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        if not any(
            int(line[-4]) == worker and int(line[-3].rpartition(":")[2]) in locks for line in held
        ):
            return
        os.kill(worker, signal.SIGCONT)


@contextmanager
def alone(server: RunningServer, worker: int) -> Iterator[None]:
    """Let only this worker run: it is the one that accepts connections meanwhile."""
    others = [other for other in workers(server) if other != worker]
    for other in others:
        stop(server, other)
    try:
        yield
    finally:
        for other in others:
            os.kill(other, signal.SIGCONT)
