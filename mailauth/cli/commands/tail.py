"""`mailauth tail`: the log as it grows."""

import sys
import time
from collections import deque
from pathlib import Path

import click
import msgspec

from mailauth.cli.files import check_files
from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import config_of, into_pipe, log_directory
from mailauth.config.errors import printable
from mailauth.login.event import Protocol
from mailauth.record.line import LineError, parse_line
from mailauth.report.follow import Follower
from mailauth.report.packing import is_packed
from mailauth.report.sources import LINES_NAME

SECONDS = 0.2  # between two looks


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@home_options
@click.option("--unsecure", is_flag=True, help="Only UNSECURE logins.")
@click.option("--user", metavar="NAME", help="Only logins of this account, in any letter case.")
@click.option(
    "--service",
    type=click.Choice([protocol.value for protocol in Protocol], case_sensitive=False),
    help="Only logins to this service.",
)
@click.option(
    "--lines",
    "count",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Begin with so many of the lines that there are.",
)
def tail(
    home: Home, file: Path | None, unsecure: bool, user: str | None, service: str | None, count: int
) -> None:
    """Follow SuccessfulLogins.log of the home, or FILE, until interrupted."""
    if file is not None:
        check_files([file])
        if file.is_dir():
            file = file / LINES_NAME
        elif file.is_file() and is_packed(file):
            raise click.UsageError(f"{file} is compressed or in UTF-16: nobody appends to it")
    path = file if file is not None else log_directory(home, config_of(home)) / LINES_NAME

    wanted = _Wanted(unsecure, user, service)
    follower = Follower(path)
    try:
        with into_pipe():
            for text in deque(filter(wanted.wants, map(_text, follower.poll())), maxlen=count):
                _print(text)
            while True:
                for text in filter(wanted.wants, map(_text, follower.poll())):
                    _print(text)
                time.sleep(SECONDS)  # noqa: TID251 (others write the file, too)
    except KeyboardInterrupt:
        click.echo()
    finally:
        follower.close()


class _Wanted(msgspec.Struct, frozen=True):
    """Which lines are shown."""

    unsecure: bool
    user: str | None
    service: str | None

    def wants(self, text: str) -> bool:
        """Say whether a line is shown; what is no line only where everything is."""
        try:
            line = parse_line(text)
        except LineError:
            return self == _Wanted(unsecure=False, user=None, service=None)
        return (
            not (self.unsecure and line.secure)
            and (self.user is None or line.account.casefold() == self.user.casefold())
            and (self.service is None or line.protocol.value == self.service)
        )


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _print(text: str) -> None:
    """Print a line; on a terminal its verdict is coloured, and nothing in it can be."""
    shown = printable(text)
    for verdict, colour in (("{UNSECURE}", "red"), ("{SECURE}", "green")):
        before, found, after = shown.partition(verdict)
        if found:
            shown = f"{before}{click.style(found, fg=colour, bold=colour == 'red')}{after}"
            break
    click.echo(shown)
    sys.stdout.flush()
