"""The logs of a command: files that are read once, or tables that an earlier command has kept.

Small logs are read each time. The tables of a home's logs are kept separately from the console's,
which the server may have open, and are updated as the logs grow. For given files, `kept` caches
tables until the files change.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from mailauth.report.findings import Findings, Unreadable, findings_of, lines_read
from mailauth.report.home import HomeLogs
from mailauth.report.kept import Keeper
from mailauth.report.logs import Logs
from mailauth.report.packing import DAMAGED
from mailauth.report.reading import (
    FAST,
    Mark,
    Progress,
    Reader,
    drop_lines,
    fold_accounts,
    forget_same_records,
    ignore_networks,
    lines_from_records,
    lines_of_reported,
    match,
    order_records,
    put_in_order,
    watched_journals,
)
from mailauth.report.sources import Source, Sources, signs_of
from mailauth.report.tables import Tables, sql
from mailauth.wire.networks import Network

COMMANDS_CACHE = "reports-cli.duckdb"


class Opened(msgspec.Struct, frozen=True):
    """Logs that have been read, their files by number, and what was found."""

    logs: Logs
    tables: Tables
    sources: Mapping[int, Source]
    findings: Findings


@contextmanager
def opened_logs(
    sources: Sources,
    progress: Progress | None = None,
    keeper: Keeper | None = None,
    ignored: tuple[Network, ...] = (),
) -> Iterator[Opened]:
    """Read files into private tables for as long as the context lasts.

    Of a file that cannot be read to its end, the readable part counts. A `keeper` caches the tables
    if nothing was wrong with the files. Records from `ignored` networks are left out; such tables
    are not cached.
    """
    if ignored:
        keeper = None
    kept = keeper.kept(sources) if keeper is not None else None
    if kept is not None:
        with kept as tables:
            yield _opened(tables, dict(enumerate(sources, 1)))
        return
    place = keeper.new(sources) if keeper is not None else None
    if place is None:
        with Tables() as tables:
            yield _read(tables, sources, progress, ignored)
        return
    try:
        with Tables(place.path) as tables:
            opened = _read(tables, sources, progress)
            yield opened
        if not opened.findings.unreadable:
            place.keep()
    finally:
        place.discard()


def _read(
    tables: Tables,
    sources: Sources,
    progress: Progress | None,
    ignored: tuple[Network, ...] = (),
) -> Opened:
    numbered = dict(enumerate(sources, 1))
    reader = Reader(tables, progress, signs=signs_of(numbered))
    unreadable = []
    for number, source in numbered.items():
        try:
            reader.read(source, number, Mark(), torn_tail=True)
        except (OSError, *DAMAGED) as error:
            reason = error.strerror if isinstance(error, OSError) else None
            lines = lines_read(tables, number)
            unreadable.append(Unreadable(source, reason or str(error), lines))
    put_in_order(tables)
    watched = watched_journals(tables, numbered)
    if watched:
        drop_lines(tables, numbered, watched)
        order_records(tables)
    if sources.foreign:
        forget_same_records(tables)
    fold_accounts(tables)
    if sources.lines and sources.journal:
        match(tables)
        lines_of_reported(tables)
    if watched or sources.foreign or not sources.lines:
        lines_from_records(tables, no_text_log=not sources.lines)
    if ignored:
        ignore_networks(tables, ignored)
    return _opened(tables, numbered, unreadable)


def _opened(
    tables: Tables, sources: Mapping[int, Source], unreadable: Sequence[Unreadable] = ()
) -> Opened:
    return Opened(Logs(tables), tables, sources, findings_of(tables, sources, unreadable))


@contextmanager
def opened_home(
    directory: Path, state: Path, progress: Progress | None = None
) -> Iterator[Opened | None]:
    """Read a home's new logs into the tables of an earlier command; `None` if not possible.

    It is not possible if files are out of order, or one cannot be read.
    """
    with HomeLogs(directory, state, COMMANDS_CACHE, progress, FAST) as logs:
        try:
            tables, sources = logs.now()
            with tables.cursor() as cursor:
                disordered = cursor.execute(sql("disordered_lines")).fetchone()
        except (OSError, *DAMAGED):
            tables = None
        if tables is None or disordered != (False,):
            yield None
        else:
            yield _opened(tables, sources)
