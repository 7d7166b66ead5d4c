"""A report on ten million mixed lines of Dovecot and Postfix, and a second one from the cache.

The budget is 30 s and 1 GB of memory for all processes together, on two cores, and 2 s for the
second report. LINES sets another number of lines.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import msgspec

from tools.bench.mixed_log import ACCOUNTS, FIXED, OPEN, write_mixed
from tools.bench.results import table

LINES = int(os.environ.get("LINES", "10_000_000"))
_MEGABYTE = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Run(msgspec.Struct, frozen=True):
    """Seconds, seconds of processor time, the peak of megabytes, and the output of a command."""

    seconds: float
    processor: float
    megabytes: float
    printed: str


def measure() -> str:
    """Measure, compare the answers with the generated log, and return a section of Markdown."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        path = Path(directory) / "mail.log"
        written = write_mixed(path, LINES)
        megabytes = path.stat().st_size / _MEGABYTE
        runs = {
            "first report": _run(directory, str(path)),
            "second report, from the cache": _run(directory, str(path)),
        }
    for run in runs.values():
        for answer in (
            f"{written.logins:,} logins of {ACCOUNTS:,} accounts from 2026-10-01T00:00:00.000 to ",
            f", {written.unsecure:,} UNSECURE (",
            f"{2 * OPEN} open",
            f"{2 * FIXED} fixed",
            f"To do: repoint the clients of {OPEN} accounts",
        ):
            assert answer in run.printed, f"{answer!r} is not in {run.printed}"
    rows = [
        [
            name,
            f"{run.seconds:.1f} s",
            f"{run.processor:.1f} s",
            f"{run.megabytes:.0f} MB",
            f"{LINES / run.seconds:,.0f}",
        ]
        for name, run in runs.items()
    ]
    return (
        f"{LINES:,} lines, {megabytes:.0f} MB, {written.logins:,} logins; "
        "every answer is right.\n\n"
        f"{table(['', 'took', 'processors', 'memory', 'lines a second'], rows)}"
    )


def _run(directory: str, path: str) -> Run:
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "mailauth", "report", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": directory, "TZ": "UTC"},
    )
    assert process.stdout is not None
    over, most = Event(), [0.0]
    watching = Thread(target=_watch, args=(process.pid, over, most))
    watching.start()
    printed = process.stdout.read()
    over.set()
    watching.join()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "the report failed"
    return Run(seconds, usage.ru_utime + usage.ru_stime, most[0], printed)


def _watch(pid: int, over: Event, most: list[float]) -> None:
    """Record the peak memory of a process and its children together."""
    while not over.wait(0.1):
        with suppress(OSError):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            resident = sum(_pages(each) for each in (str(pid), *children))
            most[0] = max(most[0], resident * _PAGE / _MEGABYTE)


def _pages(pid: str) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
