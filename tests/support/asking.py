"""Asking log files for reports, as a command does."""

from datetime import datetime
from pathlib import Path
from typing import TypeVar

from mailauth.report.findings import Findings
from mailauth.report.opening import opened_logs
from mailauth.report.period import Expected, Wanted
from mailauth.report.rows import Row
from mailauth.report.sources import sources_of_directory, sources_of_files

R = TypeVar("R", bound=Row)

EVERYTHING = Wanted()
NOW = datetime(2026, 12, 1)


def of_files(kind: type[R], *paths: Path, wanted: Wanted = EVERYTHING) -> list[R]:
    with opened_logs(sources_of_files(paths)) as opened:
        return opened.logs.rows(kind, wanted, expected=Expected(now=NOW))


def of_directory(
    kind: type[R],
    logs: Path,
    wanted: Wanted = EVERYTHING,
    expected: Expected = Expected(now=NOW),  # noqa: B008 (frozen)
) -> list[R]:
    with opened_logs(sources_of_directory(logs)) as opened:
        return opened.logs.rows(kind, wanted, expected=expected)


def findings(*paths: Path) -> Findings:
    with opened_logs(sources_of_files(paths)) as opened:
        return opened.findings
