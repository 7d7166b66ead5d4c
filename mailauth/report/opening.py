"""Reading given files once: the reports of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from mailauth.record.line import LineError, parse_line
from mailauth.report.logs import Logs
from mailauth.report.packing import DAMAGED
from mailauth.report.reading import (
    Mark,
    NotUtf8,
    Progress,
    Reader,
    fold_accounts,
    lines_from_records,
    match,
    put_in_order,
    unmatched,
)
from mailauth.report.sources import Content, Source, Sources
from mailauth.report.tables import Tables, sql

NAMED = 5  # bad lines of a file that are named; the others are counted


class BadLine(msgspec.Struct, frozen=True):
    """A line that was passed over, and why."""

    number: int
    reason: str


class BadLines(msgspec.Struct, frozen=True):
    """How many lines of a file were passed over, of how many, and the first of them."""

    source: Source
    count: int
    lines: int
    first: tuple[BadLine, ...]

    @property
    def is_all(self) -> bool:
        """Whether there is no line that could be read."""
        return self.count == self.lines


class Unreadable(msgspec.Struct, frozen=True):
    """A file that could not be read to its end, and how many lines of it could."""

    source: Source
    reason: str
    lines: int


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say about the files that were read.

    Of the `lost` files no line could be read. `folded` are the spellings of each account that is
    written in several letter cases; `repeated` lines stood in more than one file and count once;
    `unmatched` records are successes of the journal without a line, which do not count as logins.
    """

    bad: tuple[BadLines, ...]
    not_utf8: tuple[NotUtf8, ...]
    unreadable: tuple[Unreadable, ...]
    lost: tuple[Source, ...]
    folded: tuple[tuple[str, ...], ...]
    repeated: int
    unmatched: int


class Opened(msgspec.Struct, frozen=True):
    """Logs that have been read, and what was found in doing so."""

    logs: Logs
    tables: Tables
    findings: Findings


@contextmanager
def opened_logs(sources: Sources, progress: Progress | None = None) -> Iterator[Opened]:
    """Read files into tables that last as long as the context, in a private place.

    Of a file that cannot be read to its end, what could be read counts.
    """
    with Tables() as tables:
        reader = Reader(tables, progress)
        unreadable = []
        for number, source in enumerate(sources, 1):
            try:
                reader.read(source, number, Mark(), torn_tail=True)
            except (OSError, *DAMAGED) as error:
                reason = error.strerror if isinstance(error, OSError) else None
                lines = _lines_of(tables, number)
                unreadable.append(Unreadable(source, reason or str(error), lines))
        repeated = put_in_order(tables)
        folded = fold_accounts(tables)
        without_line = 0
        if not sources.lines:
            lines_from_records(tables)
        elif sources.journal:
            match(tables)
            without_line = unmatched(tables)
        bad = tuple(_bad_lines(tables, tuple(sources)))
        lost = [lines.source for lines in bad if lines.is_all]
        lost += [file.source for file in unreadable if file.lines == 0]
        yield Opened(
            logs=Logs(tables),
            tables=tables,
            findings=Findings(
                bad=bad,
                not_utf8=tuple(reader.not_utf8),
                unreadable=tuple(unreadable),
                lost=tuple(lost),
                folded=folded,
                repeated=repeated,
                unmatched=without_line,
            ),
        )


def _lines_of(tables: Tables, number: int) -> int:
    with tables.cursor() as cursor:
        row = cursor.execute(sql("lines_of_file"), [number]).fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])


def _bad_lines(tables: Tables, sources: tuple[Source, ...]) -> Iterator[BadLines]:
    with tables.cursor() as cursor:
        for number, lines, count, first in cursor.execute(sql("bad_lines"), [NAMED]).fetchall():
            source = sources[number - 1]
            yield BadLines(
                source=source,
                count=count,
                lines=lines,
                first=tuple(
                    BadLine(bad["line"], _what_is_wrong(source.content, bad["text"]))
                    for bad in first
                ),
            )


def _what_is_wrong(content: Content, text: str) -> str:
    if content is Content.JOURNAL:
        return "no record of a journal"
    try:
        parse_line(text)
    except LineError as error:
        return str(error)
    return "longer than any line"
