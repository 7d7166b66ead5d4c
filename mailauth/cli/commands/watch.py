"""`mailauth watch`: follows the logs of another mail server, and shows its logins."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mailauth.cli.foreign import log_format_option
from mailauth.cli.home import Home, home_option
from mailauth.config import load_watching
from mailauth.home import is_watch_home
from mailauth.home.directories import PRIVATE, made
from mailauth.record.ledger import JOURNAL
from mailauth.report.packing import is_packed
from mailauth.report.period import PeriodError, parse_time
from mailauth.watch.source import Start

if TYPE_CHECKING:
    from mailauth.report.foreign.formats import Format

_PRIVATE_FILES = 0o077


def _instant(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> datetime | None:
    try:
        return None if value is None else parse_time(value).astimezone()
    except PeriodError as error:
        raise click.BadParameter(f"expected {error}") from None


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES]...", type=click.Path(path_type=Path))
@click.option("--journal", is_flag=True, help="Follow systemd's journal, by journalctl.")
@home_option(
    "Where the record is kept. It is created if it does not exist, and is for the log of one"
    " server only"
)
@click.option(
    "--config",
    "config_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="The configuration file (default: mailauth.toml in the home; none is needed).",
)
@click.option("--from-start", is_flag=True, help="Begin at the beginning of a new log.")
@click.option(
    "--since",
    metavar="TIME",
    callback=_instant,
    help="Begin with the logins of a new log from this time on, such as 2026-11-23T16:12.",
)
@click.option(
    "--both", is_flag=True, help="Follow several logs even if they seem to be of one server."
)
@log_format_option
@click.option(
    "--user",
    metavar="NAME",
    help="If started as root, become this user before a log is read (required for root).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="The console's port, instead of 5272; 0 is a free port.",
)
@click.option(
    "--ready-json", is_flag=True, help="Print only one line of JSON, when the console is ready."
)
@click.option("--exit-with-stdin", is_flag=True, help="Stop when stdin is closed.")
def watch(
    files: tuple[Path, ...],
    journal: bool,
    directory: Path,
    config_file: Path | None,
    from_start: bool,
    since: datetime | None,
    both: bool,
    log_format: str | None,
    user: str | None,
    port: int | None,
    ready_json: bool,
    exit_with_stdin: bool,
) -> None:
    """Follow the logs of another mail server, and show who logs in insecurely.

    FILES are logs that the server writes now, such as /var/log/mail.log; they are followed through
    rotation. mailauth formats lists the supported formats. Each login is recorded
    in the home, as mailauth serve records its own; mailauth console prints a link that opens the
    console, with cases and reports.

    Reading begins at the ends of the logs. After a restart it continues where it stopped.
    SIGTERM and SIGINT stop it; SIGHUP reopens the record.

    To read the logs, run it as a user in the groups adm and systemd-journal; it needs no other
    privileges. Root must name such a user with --user.
    """
    os.umask(_PRIVATE_FILES)
    if not files and not journal:
        raise click.UsageError("name the logs to follow, such as /var/log/mail.log, or --journal")
    if files and journal and not both:
        raise click.UsageError(
            "FILES and --journal tell of the same logins if they are of one server; leave one out,"
            " or give --both if they are of two servers"
        )
    if from_start and since is not None:
        raise click.UsageError("--from-start and --since cannot be combined")
    paths = _followed(files)
    home = Home(Path(os.path.abspath(directory)), config_file)  # noqa: PTH100 (links stay)
    _become(user, paths, home.directory, journal=journal)
    _check_readable(paths, home.directory)
    _check_home(home)

    from twisted.internet import reactor as installed
    from twisted.internet.posixbase import PosixReactorBase

    from mailauth.cli.parent import check_stdin
    from mailauth.cli.serving import Printer, run
    from mailauth.cli.startup import print_watch_page
    from mailauth.net.sockets import CannotListen
    from mailauth.server.clocks import keep_deadlines, lasting
    from mailauth.server.diagnostics import begin_logging
    from mailauth.server.resources import give_back_large_blocks
    from mailauth.server.server import Server
    from mailauth.server.watching import Watched, Watching
    from mailauth.watch.file import NotAFile
    from mailauth.watch.watcher import WatchedTwice

    reactor = cast(PosixReactorBase, installed)
    keep_deadlines(reactor)
    read_config = partial(load_watching, home.config_path, port=port)
    config = read_config()
    if exit_with_stdin:
        check_stdin()
    begin_logging()
    give_back_large_blocks()
    printer, heard = Printer(), Heard()
    heard.tell = printer.write
    watched = Watched(
        files=paths,
        journal=journal,
        start=Start.BEGINNING if from_start or since is not None else Start.END,
        since=since,
        both=both,
        log_format=log_format,
    )
    watching = Watching(watched, reactor, heard.recognised, heard.stop(reactor.stop))
    server = Server(
        config,
        home.directory,
        reactor,
        read_config=read_config,
        lasting=lasting,
        watching=watching,
    )
    try:
        server.start()
    except (WatchedTwice, NotAFile) as error:
        raise click.UsageError(str(error)) from None
    except CannotListen as error:
        more = "; --port N uses another one" if error.for_want_of_another_port else ""
        raise click.ClickException(f"{error}{more}") from None
    names = [*map(str, paths), *(["journal"] if journal else [])]
    run(
        server,
        reactor,
        ready_json=ready_json,
        page=lambda: print_watch_page(server, heard.lines(names), sys.stdout),
        exit_with_stdin=exit_with_stdin,
        printer=printer,
        insecure_only=True,
    )
    if heard.has_failed:
        sys.exit(1)


class Heard:
    """The sources as the operator sees them: their formats, and why they cannot be followed."""

    def __init__(self) -> None:
        self.has_failed = False
        self.tell: Callable[[str], object]
        self._titles: dict[str, list[str]] = {}

    def recognised(self, source: str, known: "Format") -> None:
        """Note a format, and print it after the page."""
        self._titles.setdefault(source, []).append(known.title)
        self.tell(f"{datetime.now():%Y-%m-%d %H:%M:%S} {source}: {known.title} recognized\n")

    def lines(self, sources: Iterable[str]) -> Sequence[str]:
        """Return lines that say which logs are followed, and which formats were recognized."""
        return [
            f"Watching {source}: {' and '.join(self._titles.get(source, ['no login']))} recognized"
            f"{'' if source in self._titles else ' yet'}"
            for source in sources
        ]

    def stop(self, stop: Callable[[], object]) -> Callable[[], None]:
        """Return a function that ends everything because of a failure."""

        def failed() -> None:
            self.has_failed = True
            stop()

        return failed


def _followed(files: Iterable[Path]) -> tuple[Path, ...]:
    """Return the full paths of the files, each of which may be named once."""
    paths = tuple(Path(os.path.abspath(file)) for file in files)  # noqa: PTH100 (links stay)
    for number, path in enumerate(paths):
        if path.is_dir():
            raise click.UsageError(f"{path} is a directory: name the logs in it")
        if any(path == other or _is_same(path, other) for other in paths[:number]):
            raise click.UsageError(f"{path} is named twice")
    return paths


def _is_same(path: Path, other: Path) -> bool:
    return path.exists() and other.exists() and path.samefile(other)


def _become(user: str | None, paths: Sequence[Path], home: Path, *, journal: bool) -> None:
    """Give up root's privileges. Raises `UsageError` if that is not possible."""
    if os.geteuid() != 0:
        if user is not None:
            raise click.UsageError("--user is for root only")
        return
    from mailauth.watch.privileges import CannotDrop, drop

    if user is None:
        raise click.UsageError(
            "logs are not read as root: name an ordinary user with --user NAME, or run it as a"
            " user in the groups adm and systemd-journal"
        )
    try:
        drop(user, paths, home, journal=journal)
    except CannotDrop as error:
        raise click.UsageError(f"--user: {error}") from None


def _check_readable(paths: Iterable[Path], home: Path) -> None:
    """Raise `UsageError` for a log that is missing, or that cannot be read now or later."""
    for path in paths:
        if not path.exists():
            if not is_watch_home(home) and not os.access(path.parent, os.X_OK):
                raise click.UsageError(f"{path.parent} cannot be entered")
            if not is_watch_home(home):
                raise click.UsageError(f"{path} does not exist")
        elif not path.is_file():
            raise click.UsageError(f"{path} is not a regular file, so it cannot be followed")
        elif not os.access(path, os.R_OK):
            raise click.UsageError(
                f"{path} cannot be read: add the user to the group that may read it, such as adm"
                " (usermod -a -G adm USER), and let log rotation create it with that group"
            )
        elif is_packed(path):
            raise click.UsageError(f"{path} is compressed or in UTF-16, so it cannot be followed")


def _check_home(home: Home) -> None:
    """Create the home, and refuse one with the record of a mailauth server."""
    made(home.directory, PRIVATE)
    if not os.access(home.directory, os.W_OK | os.X_OK):
        raise click.UsageError(f"{home.directory} cannot be written to")
    if home.directory.stat().st_mode & stat.S_IWOTH:
        raise click.UsageError(
            f"{home.directory} can be written to by every user, who could change the record; run"
            f" chmod 700 {home.directory}"
        )
    logs = home.directory / load_watching(home.config_path).log.directory / JOURNAL
    if not is_watch_home(home.directory) and logs.exists() and logs.stat().st_size:
        raise click.UsageError(
            f"{home.directory} has the record of a mailauth server; name another home with --home"
        )
