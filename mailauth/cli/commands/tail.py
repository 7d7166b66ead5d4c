"""`mailauth tail`: shows the log as it grows."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from mailauth.cli.files import check_files
from mailauth.cli.foreign import log_format_option
from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import config_of, into_pipe, log_directory
from mailauth.config.errors import printable
from mailauth.login.event import Result, Service
from mailauth.record.line import LineError, parse_line
from mailauth.report.follow import Follower
from mailauth.report.foreign.detection import is_foreign
from mailauth.report.foreign.files import ForeignFile, log_in, signs_in
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record
from mailauth.report.foreign.shown import line_of
from mailauth.report.packing import is_packed
from mailauth.report.sources import LINES_NAME, beginning

SECONDS = 0.2  # between looks
_EXAMINED = 65_536  # octets of each end of new lines, until they are known to be another server's


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@home_options
@log_format_option
@click.option("--unsecure", is_flag=True, help="Only UNSECURE and UNKNOWN logins.")
@click.option("--user", metavar="NAME", help="Only logins of this account, in any letter case.")
@click.option(
    "--service",
    type=click.Choice([protocol.value for protocol in Service], case_sensitive=False),
    help="Only logins to this service.",
)
@click.option(
    "--lines",
    "count",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Begin with this many of the existing lines.",
)
def tail(
    home: Home,
    file: Path | None,
    log_format: str | None,
    unsecure: bool,
    user: str | None,
    service: str | None,
    count: int,
) -> None:
    """Follow FILE, or SuccessfulLogins.log of the home, until interrupted.

    FILE can be the log of another server: its logins are shown with the server's name. If the log
    does not say whether TLS was used, the verdict is UNKNOWN.
    """
    if file is not None:
        check_files([file])
        if file.is_dir():
            file = file / LINES_NAME
        elif file.is_file() and is_packed(file):
            raise click.UsageError(f"{file} is compressed or in UTF-16, so it cannot be followed")
    path = file if file is not None else log_directory(home, config_of(home)) / LINES_NAME

    wanted = _Wanted(unsecure, user, service)
    read = _reader(path, log_format, wanted)
    follower = Follower(path)
    try:
        with into_pipe():
            for text in deque(read(follower.poll()), maxlen=count):
                _print(text)
            while True:
                for text in read(follower.poll()):
                    _print(text)
                time.sleep(SECONDS)  # noqa: TID251 (others write the file, too)
    except KeyboardInterrupt:
        click.echo()
    finally:
        follower.close()


_Reader = Callable[[Iterable[bytes]], Iterable[str]]


class _Wanted(msgspec.Struct, frozen=True):
    """The lines to show."""

    unsecure: bool
    user: str | None
    service: str | None

    def wants_record(self, record: Record) -> bool:
        """Return whether a login to another server is shown."""
        return (
            not (self.unsecure and record.secure)
            and (self.user is None or (record.user or "").casefold() == self.user.casefold())
            and (self.service is None or record.protocol == self.service)
        )

    def wants(self, text: str) -> bool:
        """Return whether a line is shown; a malformed one is shown only if nothing is selected."""
        try:
            line = parse_line(text)
        except LineError:
            return self == _Wanted(unsecure=False, user=None, service=None)
        return (
            not (self.unsecure and line.secure)
            and (self.user is None or line.account.casefold() == self.user.casefold())
            and (self.service is None or line.protocol.value == self.service)
        )


def _reader(path: Path, log_format: str | None, wanted: _Wanted) -> _Reader:
    """Return a reader that yields our lines unchanged, and another server's logins as lines.

    While the file is empty, or its lines are unknown, nothing is shown, and the next lines are
    examined: a line of another server may contain a password.
    """
    known: list[_Reader] = []
    if log_format is not None or (path.is_file() and is_foreign(beginning(path))):
        log = ForeignFile(path, log_format, signs_in([path], log_format)).log
        known.append(_logins(log, wanted))

    def read(lines: Iterable[bytes]) -> Iterable[str]:
        if not known:
            lines = list(lines)
            text = b"\n".join(lines)
            if is_foreign(text[:_EXAMINED], text[-_EXAMINED:]):
                now = datetime.now(UTC).timestamp()
                known.append(_logins(log_in(now, None, signs_in([path], None)), wanted))
            elif path.name == LINES_NAME or any(map(_is_ours, lines)):
                known.append(lambda lines: filter(wanted.wants, map(_text, lines)))
        return known[0](lines) if known else ()

    return read


def _is_ours(line: bytes) -> bool:
    """Return whether a line is one of our log or journal."""
    try:
        parse_line(_text(line))
    except LineError:
        return line.startswith(b'{"v":')
    return True


def _logins(log: ForeignLog, wanted: _Wanted) -> _Reader:
    def logins(lines: Iterable[bytes]) -> Iterator[str]:
        text = "\n".join(map(_text, lines))
        for record in log.read(text) if text else ():
            if record.result == Result.SUCCESS.value and wanted.wants_record(record):
                yield line_of(record)

    return logins


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _print(text: str) -> None:
    """Print a line; on a terminal only its verdict is coloured."""
    shown = printable(text)
    for verdict, colour in (("{UNSECURE}", "red"), ("{SECURE}", "green")):
        before, found, after = shown.partition(verdict)
        if found:
            shown = f"{before}{click.style(found, fg=colour, bold=colour == 'red')}{after}"
            break
    click.echo(shown)
    sys.stdout.flush()
