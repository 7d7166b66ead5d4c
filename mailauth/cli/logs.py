"""Which logs a command reads, and what it prints on stderr about them."""

import enum
import fcntl
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailauth.cli.foreign import check_recognised, told
from mailauth.cli.home import Home
from mailauth.config import Config, ConfigError
from mailauth.config.errors import printable
from mailauth.home import STATE_DIRECTORY
from mailauth.report.findings import NAMED, BadLines, Findings, NotUtf8
from mailauth.report.kept import WORTH_KEEPING, Keeper, cache_directory
from mailauth.report.opening import Opened, opened_home, opened_logs
from mailauth.report.packing import SUFFIXES, CannotUnpack
from mailauth.report.sources import (
    Content,
    Given,
    Sources,
    sources_of_directory,
    sources_of_files,
)
from mailauth.wire.networks import Network

if TYPE_CHECKING:
    from rich.progress import Progress

COMPRESSION = 8  # how much smaller a compressed log is, approximately
LOCK_NAME = "reports-cli.lock"
LOCK_SECONDS = 2.0  # how long to wait for another command's report
LONG = 32 * 1024 * 1024  # octets of logs that take long enough for a progress bar


class Format(enum.Enum):
    """The format of a report."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    HTML = "html"


format_option = click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.TABLE.value,
    callback=lambda _context, _parameter, value: Format(value),
    help="The output format: table (the default), json, csv or html.",
)


def note(text: str) -> None:
    """Print one line on stderr."""
    click.echo(printable(text), err=True)


@contextmanager
def into_pipe() -> Iterator[None]:
    """Print to stdout; a reader that stops early, such as `head`, is not an error."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def config_of(home: Home) -> Config | None:
    """Load the configuration of a home if it is valid; reports do not need it."""
    if home.config_path is None:
        return None
    try:
        return home.load()
    except ConfigError as error:
        note(f"warning: the configuration is ignored: {error}")
        return None


def log_directory(home: Home, config: Config | None) -> Path:
    """Return the directory of a home's logs."""
    return home.directory / (config.log.directory if config is not None else "logs")


def sources(
    home: Home, config: Config | None, files: Sequence[Given], log_format: str | None = None
) -> Sources:
    """Return the logs to read: the given files, or those of the home."""
    if log_format is not None and not files:
        raise click.UsageError("--log-format is about FILES: a home's own logs are known")
    if files:
        found = unpackable(files, log_format)
    else:
        directory = log_directory(home, config)
        found = sources_of_directory(directory)
        if not found.lines and not found.journal:
            note(f"note: there are no logs in {directory}")
    for path in found.passed_over:
        note(f"note: {path} contains failed logins and was skipped")
    return found


def unpackable(files: Sequence[Given], log_format: str | None = None) -> Sources:
    """Sort files by content. Raises `click.UsageError` for an unknown compression."""
    try:
        return sources_of_files(files, log_format=log_format)
    except CannotUnpack as error:
        names = {str(file.path): file.name for file in files}
        name = names.get(error.filename, error.filename)
        raise click.UsageError(f"{name} {error.strerror}") from None


cache_option = click.option(
    "--no-cache", "cached", flag_value=False, default=True, help="Read all logs, not the cache."
)


@contextmanager
def read(
    found: Sources,
    home: Path | None = None,
    *,
    cached: bool = True,
    ignored: tuple[Network, ...] = (),
) -> Iterator[Opened]:
    """Read logs, with a progress bar if it takes long, and print what was wrong with them.

    Records from `ignored` networks are left out. For the logs of a `home` that is ours, reading
    continues where an earlier command ended.
    """
    with ExitStack() as stack:
        bar = stack.enter_context(progress_bar([source.path for source in found]))
        opened = None
        if cached and home is not None and not ignored and _is_worth_keeping(found):
            opened = stack.enter_context(_opened_home(found, home / STATE_DIRECTORY, bar))
        if opened is None:
            keeper = Keeper(cache_directory()) if cached else None
            opened = stack.enter_context(opened_logs(found, bar.advance, keeper, ignored))
        bar.remove()
        _print_findings(opened.findings)
        yield opened


def _is_worth_keeping(found: Sources) -> bool:
    return sum(source.path.stat().st_size for source in found) >= WORTH_KEEPING


@contextmanager
def _opened_home(found: Sources, state: Path, bar: "Bar") -> Iterator[Opened | None]:
    """Open the tables that commands keep in a home, one command at a time; `None` if impossible."""
    directory = next(iter(found)).path.parent
    with ExitStack() as stack:
        if not stack.enter_context(_reserved(state)):
            yield None
        else:
            yield stack.enter_context(opened_home(directory, state, bar.advance))


@contextmanager
def _reserved(state: Path) -> Iterator[bool]:
    """Lock the tables that commands keep in a home; yield whether the lock was free in time."""
    try:
        if state.stat().st_uid != os.geteuid():
            yield False
            return
        lock = os.open(state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield False
        return
    try:
        deadline = time.monotonic() + LOCK_SECONDS
        while not (locked := _try_lock(lock)) and time.monotonic() < deadline:
            time.sleep(0.05)  # noqa: TID251 (another command has it)
        yield locked
    finally:
        os.close(lock)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Bar:
    """A progress bar on stderr, or none."""

    def __init__(self, progress: "Progress | None" = None, total: int = 0) -> None:
        self._progress = progress
        self._task = progress.add_task("reading", total=total) if progress is not None else None

    def advance(self, octets: int) -> None:
        """Count this many more octets as read."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, octets)

    def remove(self) -> None:
        """Remove the bar from the terminal."""
        if self._progress is not None:
            self._progress.stop()


@contextmanager
def progress_bar(paths: Sequence[Path]) -> Iterator[Bar]:
    """Show how much of the files has been read, if they are long and stderr is a terminal."""
    total = sum(_octets(path) for path in paths)
    if total < LONG or not sys.stderr.isatty():
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bar(progress, total)


def _octets(path: Path) -> int:
    """Return how many octets to read; for a compressed file, an estimate."""
    return path.stat().st_size * (COMPRESSION if path.suffix in SUFFIXES else 1)


def _print_findings(findings: Findings) -> None:
    """Print what was wrong. Raises `click.UsageError` for a file without a readable line."""
    for file in findings.unreadable:
        note(f"warning: {file.source} was read only in part: {file.reason}")
    for bad in findings.bad:
        note(f"warning: {_passed_over(bad)}")
    check_recognised(findings.foreign)
    if findings.lost:
        raise click.UsageError(f"{findings.lost[0]}: none of its lines could be read")
    for path, lines in _by_source(findings.not_utf8).items():
        numbers = ", ".join(map(str, lines[:NAMED]))
        more = f" and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
        note(f"warning: {path}: not UTF-8, invalid octets were replaced: line {numbers}{more}")
    if findings.folded:
        named = "; ".join(", ".join(spellings) for spellings in findings.folded[:NAMED])
        left_out = len(findings.folded) - NAMED
        also = f"; and {left_out} more" if left_out > 0 else ""
        note(f"note: accounts that differ only in letter case are counted as one: {named}{also}")
    if findings.repeated:
        note(f"note: {findings.repeated} lines are in more than one file and are counted once")
    if findings.unmatched:
        note(
            f"note: {findings.unmatched} successful logins in the journal have no line in "
            "SuccessfulLogins.log and are not counted"
        )
    for text in told(findings.foreign):
        note(text)


def _passed_over(bad: BadLines) -> str:
    what = "login lines" if bad.source.content is Content.LINES else "journal records"
    named = "; ".join(f"line {line.number}: {line.reason}" for line in bad.first)
    more = f"; and {bad.count - len(bad.first)} more" if bad.count > len(bad.first) else ""
    return f"{bad.source}: {bad.count} of {bad.lines} lines are not {what}: {named}{more}"


def _by_source(lines: Iterable[NotUtf8]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for line in lines:
        found.setdefault(str(line.source), []).append(line.line)
    return found
