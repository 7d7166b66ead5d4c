"""The reports of the command line on ten million lines: how long, how much memory, and the answers.

The budget is 15 s and 1 GB for the summary, on two cores.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from tools.bench.logs import ACCOUNTS, FIXED, OPEN, write_lines
from tools.bench.results import table

LINES = 10_000_000
_REPORTS = ("summary", "cases", "cutoff", "countries")
_MEGABYTE = 1 << 20


class Run(msgspec.Struct, frozen=True):
    """What a command took: seconds, the most megabytes it had, and what it printed."""

    seconds: float
    megabytes: float
    printed: bytes


def measure() -> str:
    """Measure, hold the answers to what was written, and return a section of Markdown."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        path = Path(directory) / "SuccessfulLogins.log"
        written = write_lines(path, LINES)
        size = path.stat().st_size
        runs = {name: _run(name, path) for name in _REPORTS}
    summary = runs["summary"].printed.decode()
    expected = (
        f"{written.logins:,} logins of {ACCOUNTS:,} accounts from 2026-10-01T00:00:00.000 to ",
        f", {written.unsecure:,} UNSECURE (",
        f"{OPEN} open",
        f"{FIXED} fixed",
        f"To do: repoint the clients of {OPEN} accounts",
    )
    for answer in expected:
        assert answer in summary, f"{answer!r} is not in {summary}"
    assert runs["cases"].printed.count(b'"account"') == OPEN + FIXED
    assert runs["cutoff"].printed.count(b'"account"') == OPEN
    assert runs["countries"].printed.count(b'"account"') == ACCOUNTS
    rows = [[name, f"{run.seconds:.1f} s", f"{run.megabytes:.0f} MB"] for name, run in runs.items()]
    return (
        f"{LINES:,} lines, {size / _MEGABYTE:.0f} MB; every answer is right.\n\n"
        f"{table(['report', 'took', 'memory'], rows)}"
    )


def _run(name: str, path: Path) -> Run:
    report = [str(path)] if name == "summary" else [name, str(path), "--format", "json"]
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "mailauth", "report", *report],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"the report {name} failed"
    return Run(seconds, usage.ru_maxrss / 1024, printed)
