"""The pytest plugin: 500 tests on one session server, repeatedly, in one process and in two.

No test may fail in any run; `RUNS` in the environment is the number of runs of each kind.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from tools.bench.results import table

FILE = Path(__file__).with_name("five_hundred.py")
TESTS = 500
RUNS = 20

WORKERS = {"one process": ("-p", "no:xdist"), "pytest-xdist, -n 2": ("-n", "2")}


class Run(msgspec.Struct, frozen=True):
    """How long a run took, and which tests failed."""

    seconds: float
    failed: list[str]


def measure() -> str:
    """Run them; return a section of Markdown."""
    runs = int(os.environ.get("RUNS", RUNS))
    rows, failures = [], []
    for name, options in WORKERS.items():
        done = [run(options) for _ in range(runs)]
        seconds = [each.seconds for each in done]
        failed = [test for each in done for test in each.failed]
        rows.append(
            [
                name,
                str(runs),
                f"{statistics.median(seconds):.1f}",
                f"{max(seconds):.1f}",
                str(len(failed)),
            ]
        )
        failures += [f"- {name}: {test}" for test in failed]
    header = ["500 tests", "runs", "median s", "longest s", "failed tests"]
    return "\n\n".join([table(header, rows), *(["\n".join(failures)] if failures else [])])


def run(options: tuple[str, ...]) -> Run:
    """Run all tests once, from the start of pytest to its end."""
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", directory]
        began = time.monotonic()
        subprocess.run(
            [*command, "-p", "no:cacheprovider", f"--junit-xml={report}", *options, str(FILE)],
            capture_output=True,
            check=False,
        )
        seconds = time.monotonic() - began
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    assert len(cases) == TESTS, f"{len(cases)} tests"
    return Run(seconds, [str(case.get("name")) for case in cases if _problem(case)])


def _problem(case: ElementTree.Element) -> bool:
    return any(child.tag in ("failure", "error", "skipped") for child in case)
