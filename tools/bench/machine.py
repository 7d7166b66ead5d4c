"""The machine: what it is, which core does what, and what a server takes of it (Linux's /proc)."""

import os
import platform
import ssl
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_IDLE_SECONDS = 0.5
_SETTLING_SECONDS = 30.0


def cores() -> tuple[int, int]:
    """Return the core for servers and the core for clients; raises `OSError` where there is one."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise OSError("a benchmark needs two cores: one for the server, one for the client")
    return usable[0], usable[1]


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _status(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, ())
    return found


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its descendants have had, ended ones too."""
    ticks = 0
    for each in family(pid):
        ticks += sum(map(int, _status(each)[11:15]))  # utime, stime, cutime, cstime (proc(5))
    return ticks / _TICKS


def wait_until_idle(pid: int) -> None:
    """Wait until a server has done what it does at its start: until it uses no processor.

    Raises `TimeoutError`.
    """
    deadline = time.monotonic() + _SETTLING_SECONDS
    spent = -1.0
    while (now := cpu_seconds(pid)) > spent:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not come to rest")
        spent = now
        time.sleep(_IDLE_SECONDS)


def memory(pid: int) -> float:
    """Return the megabytes of a process and its descendants, shared pages counted once (PSS)."""
    kilobytes = 0
    for each in family(pid):
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        kilobytes += next(
            int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")
        )
    return kilobytes / 1024


def _status(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, or none if the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def described() -> str:
    """Describe what was measured, on which machine, and when."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    of_debian = sys.base_prefix == "/usr" and Path("/etc/debian_version").exists()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {len(os.sched_getaffinity(0))} cores of {model},"
        f" Linux {platform.release()};"
        f" Python {platform.python_version()}{' of Debian' if of_debian else ''},"
        f" Twisted {version('twisted')}, {ssl.OPENSSL_VERSION}."
    )
