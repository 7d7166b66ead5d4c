"""What was found wrong when files were read: unreadable files and lines, and corrections."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from mailauth.record.line import LineError, parse_line
from mailauth.report.chunks import chunks
from mailauth.report.foreign.files import FileFound
from mailauth.report.packing import DAMAGED, opened
from mailauth.report.reading import unmatched
from mailauth.report.sources import Content, Source
from mailauth.report.tables import Tables, sql

NAMED = 5  # bad lines of a file that are listed; the others are only counted


class BadLine(msgspec.Struct, frozen=True):
    """A skipped line, and the reason."""

    number: int
    reason: str


class BadLines(msgspec.Struct, frozen=True):
    """How many lines of a file were skipped, out of how many, and the first of them."""

    source: Source
    count: int
    lines: int
    first: tuple[BadLine, ...]

    @property
    def is_all(self) -> bool:
        """Whether every line was skipped."""
        return self.count == self.lines


class NotUtf8(msgspec.Struct, frozen=True):
    """A line whose invalid octets were replaced."""

    source: Source
    line: int


class Unreadable(msgspec.Struct, frozen=True):
    """A file that could not be read to its end, and the number of lines read."""

    source: Source
    reason: str
    lines: int


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything found in the files.

    `lost` files have no readable line. `folded` has the spellings of each account that is written
    in several letter cases. `repeated` is how many lines were in more than one file; they count
    once. `unmatched` is how many successes in the journal have no line; they do not count as
    logins. `foreign` has the results for each log of another server.
    """

    bad: tuple[BadLines, ...]
    not_utf8: tuple[NotUtf8, ...]
    unreadable: tuple[Unreadable, ...]
    lost: tuple[Source, ...]
    folded: tuple[tuple[str, ...], ...]
    repeated: int
    unmatched: int
    foreign: tuple[tuple[Source, FileFound], ...] = ()


def findings_of(
    tables: Tables, sources: Mapping[int, Source], unreadable: Sequence[Unreadable] = ()
) -> Findings:
    """Return what was found in the files, by their numbers in the tables."""
    bad = tuple(_bad_lines(tables, sources))
    lost = [lines.source for lines in bad if lines.is_all]
    lost += [file.source for file in unreadable if file.lines == 0]
    contents = {source.content for source in sources.values()}
    with tables.cursor() as cursor:
        repeated = cursor.execute("SELECT coalesce(sum(lines), 0) FROM repeated").fetchall()
        spellings = cursor.execute(sql("spellings")).fetchall()
        foreign = cursor.execute("FROM foreign_files ORDER BY file").fetchall()
        not_utf8 = cursor.execute(sql("lines_not_utf8")).fetchall()
    return Findings(
        bad=bad,
        not_utf8=tuple(NotUtf8(sources[file], line) for file, line in not_utf8),
        unreadable=tuple(unreadable),
        lost=tuple(lost),
        folded=tuple(tuple(spelled) for (spelled,) in spellings),
        repeated=int(repeated[0][0]),
        unmatched=unmatched(tables) if {Content.LINES, Content.JOURNAL} <= contents else 0,
        foreign=tuple(
            (sources[file], msgspec.json.decode(found, type=FileFound)) for file, found in foreign
        ),
    )


def lines_read(tables: Tables, number: int) -> int:
    """Return how many lines of a file are in the tables."""
    with tables.cursor() as cursor:
        row = cursor.execute(sql("lines_of_file"), [number]).fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])


def _bad_lines(tables: Tables, sources: Mapping[int, Source]) -> Iterator[BadLines]:
    with tables.cursor() as cursor:
        for number, lines, count, first in cursor.execute(sql("bad_lines"), [NAMED]).fetchall():
            source = sources[number]
            yield BadLines(
                source=source, count=count, lines=lines, first=tuple(_first_bad(source, first))
            )


def _first_bad(source: Source, numbers: Sequence[int]) -> Iterator[BadLine]:
    """Read the lines with these numbers again, and return what is wrong with each."""
    waiting = list(numbers)
    try:
        with opened(source.path) as file:
            for chunk in chunks(file):
                rows = chunk.text.split("\n")
                while waiting and waiting[0] < chunk.first + chunk.lines:
                    number = waiting.pop(0)
                    text = rows[number - chunk.first]
                    yield BadLine(number, _what_is_wrong(source.content, text))
                if not waiting:
                    return
    except (OSError, *DAMAGED):
        yield from (BadLine(number, "cannot be read any more") for number in waiting)


def _what_is_wrong(content: Content, text: str) -> str:
    if content is Content.JOURNAL:
        return "no record of a journal"
    try:
        parse_line(text)
    except LineError as error:
        return str(error)
    return "longer than any line"
