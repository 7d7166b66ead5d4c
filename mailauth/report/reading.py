"""Reading log files into tables, and combining the tables."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType
from typing import assert_never

import duckdb
import msgspec

from mailauth.record.line import unescape
from mailauth.report.chunks import CHUNK_OCTETS, Chunk, chunks
from mailauth.report.foreign.apart import FileApart, is_worth_it
from mailauth.report.foreign.files import Encoded, ForeignFile
from mailauth.report.packing import opened
from mailauth.report.sources import Content, Source
from mailauth.report.tables import Tables, sql
from mailauth.wire.networks import Network, parse_address, within, written

Progress = Callable[[int], None]


class Pace(msgspec.Struct, frozen=True):
    """How many octets are read at a time, and by how many threads."""

    chunk: int
    readers: int


FAST = Pace(chunk=CHUNK_OCTETS, readers=2)
GENTLE = Pace(chunk=1024 * 1024, readers=1)  # beside a server, whose logins must not wait


class Mark(msgspec.Struct, frozen=True):
    """How far a file has been read: decompressed octets, and whole lines."""

    offset: int = 0
    lines: int = 0


class Reader:
    """Reads files into tables. The number of a file orders its rows among those of others.

    `signs` are those of other servers' logs, for `ForeignFile`.
    """

    def __init__(
        self,
        tables: Tables,
        progress: Progress | None = None,
        pace: Pace = FAST,
        signs: Mapping[int, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        self._tables = tables
        self._signs = signs
        self._progress = progress
        self._pace = pace

    def read(self, source: Source, number: int, mark: Mark, *, torn_tail: bool) -> Mark:
        """Read a file after a mark, and return the mark at its end.

        A last line without an ending is read only with `torn_tail`. Raises `OSError` and the errors
        in `DAMAGED`; the whole lines before the error are then in the tables.
        """
        if source.content is Content.FOREIGN:
            self._read_foreign(source, number)
            return mark
        escaped = False
        reached = mark
        with opened(source.path) as file:
            wanted = (
                chunk
                for chunk in chunks(
                    file,
                    start=mark.offset,
                    line=mark.lines + 1,
                    size=self._pace.chunk,
                    progress=self._progress,
                )
                if chunk.whole or torn_tail
            )
            for chunk in self._inserted(source.content, number, wanted):
                reached = Mark(chunk.end, chunk.first + chunk.lines - 1)
                escaped = escaped or "%" in chunk.text
                if chunk.damaged:
                    self._note_damaged(number, chunk.damaged)
        if source.content is Content.LINES:
            if escaped:
                self._unescape(number, mark.lines)
            self._write_addresses(number, mark.lines)
        return reached

    def _read_foreign(self, source: Source, number: int) -> None:
        """Read another server's log as a whole, since some lines decide what earlier ones meant.

        Records are made here while a thread inserts earlier ones.
        """
        reads: type[FileApart | ForeignFile] = ForeignFile
        if self._pace.readers > 1 and is_worth_it(source.path):
            reads = FileApart
        log = reads(source.path, source.log_format, self._signs.get(number, frozenset()))
        read = 0
        waiting: deque[Future[None]] = deque()
        try:
            with ThreadPoolExecutor(1) as inserting:
                for batch in log.encoded(self._progress, self._pace.chunk):
                    waiting.append(inserting.submit(self._insert_records, number, read, batch))
                    read += batch.count
                    if len(waiting) > self._pace.readers:
                        waiting.popleft().result()
                    if batch.damaged:
                        self._note_damaged(number, batch.damaged)
        finally:
            for insertion in waiting:
                insertion.result()
            found = msgspec.json.encode(log.found()).decode()
            with self._tables.cursor() as cursor:
                cursor.execute("INSERT INTO foreign_files VALUES ($1, $2)", [number, found])

    def _insert_records(self, number: int, before: int, batch: Encoded) -> None:
        if batch.count:
            with self._tables.cursor() as cursor:
                cursor.execute(sql("read_records"), [batch.text, number, before])

    def _inserted(self, content: Content, number: int, wanted: Iterable[Chunk]) -> Iterator[Chunk]:
        """Insert chunks, several at a time, and yield each when it is in the tables."""
        waiting: deque[tuple[Chunk, Future[None]]] = deque()
        with ThreadPoolExecutor(self._pace.readers) as readers:
            for chunk in wanted:
                waiting.append((chunk, readers.submit(self._insert, content, number, chunk)))
                if len(waiting) > self._pace.readers:
                    yield _inserted(*waiting.popleft())
            while waiting:
                yield _inserted(*waiting.popleft())

    def _insert(self, content: Content, number: int, chunk: Chunk) -> None:
        with self._tables.cursor() as cursor:
            match content:
                case Content.LINES:
                    cursor.execute(
                        sql("read_lines"), [chunk.text, number, chunk.first - 1, chunk.before]
                    )
                case Content.JOURNAL:
                    cursor.execute(sql("read_records"), [chunk.text, number, chunk.first - 1])
                case Content.FOREIGN:
                    raise AssertionError("logs of other servers are read as records")
                case _:
                    assert_never(content)

    def _note_damaged(self, number: int, lines: Sequence[int]) -> None:
        with self._tables.cursor() as cursor:
            cursor.execute("INSERT INTO not_utf8 SELECT $1, unnest($2)", [number, list(lines)])

    def _unescape(self, number: int, after: int) -> None:
        """Convert names from their printed form to that of the accounts."""
        with self._tables.cursor() as cursor:
            printed = cursor.execute(sql("escaped_names"), [number, after]).fetchall()
            names = {text: name for (text,) in printed if (name := _named(text)) != text}
            if names:
                cursor.execute(
                    sql("unescape_names"), [number, after, list(names), list(names.values())]
                )

    def _write_addresses(self, number: int, after: int) -> None:
        """Convert addresses to the form of the journal: IPv4-mapped ones are IPv4."""
        with self._tables.cursor() as cursor:
            found = cursor.execute(sql("odd_addresses"), [number, after]).fetchall()
            names = {text: _written(text) for (text,) in found}
            changed = {text: name for text, name in names.items() if name != text}
            if changed:
                cursor.execute(
                    sql("write_addresses"), [number, after, list(changed), list(changed.values())]
                )


def fold_accounts(tables: Tables) -> None:
    """Combine accounts that differ only in letter case.

    The spelling is the journal's, or else the first one.
    """
    with tables.cursor() as cursor:
        cursor.execute(sql("fold_accounts"))
        if cursor.execute("FROM spellings LIMIT 1").fetchall():
            cursor.execute(sql("folded_lines"))
            cursor.execute(sql("folded_records"))


def match(tables: Tables) -> None:
    """Find each line's record in the journal: the same login, written under one lock."""
    with tables.cursor() as cursor:
        cursor.execute(sql("match"))


def unmatched(tables: Tables) -> int:
    """Return how many of the journal's successes have no line."""
    with tables.cursor() as cursor:
        return _count(cursor.execute(sql("unmatched")))


def lines_from_records(tables: Tables, *, no_text_log: bool = True) -> None:
    """Make lines of other servers' records, and of the journal's without a text log."""
    with tables.cursor() as cursor:
        cursor.execute(sql("lines_from_records"), [no_text_log])


def lines_of_reported(tables: Tables) -> None:
    """Make lines of what was reported and has no line, after the others have their records."""
    with tables.cursor() as cursor:
        any_reported = "SELECT EXISTS (FROM records WHERE is_reported(source))"
        if cursor.execute(any_reported).fetchall() == [(True,)]:
            cursor.execute(sql("reported_lines"))


def watched_journals(tables: Tables, sources: Mapping[int, Source]) -> list[int]:
    """Return which of the files are journals of another server's logins, by `mailauth watch`.

    Such a journal has logins whose verdict is unknown and that have no line, and the times of that
    server. So its records stand for the lines of the files beside it.
    """
    journals = [n for n, source in sources.items() if source.content is Content.JOURNAL]
    with tables.cursor() as cursor:
        found = cursor.execute(sql("watched_journals"), [journals]).fetchall()
    return [file for (file,) in found]


def drop_lines(tables: Tables, sources: Mapping[int, Source], beside: Iterable[int]) -> None:
    """Forget the lines of files in the directories of others."""
    directories = {sources[file].path.parent for file in beside}
    files = [
        number
        for number, source in sources.items()
        if source.content is Content.LINES and source.path.parent in directories
    ]
    with tables.cursor() as cursor:
        cursor.execute(
            "DELETE FROM lines WHERE damaged IS NULL AND file IN (SELECT unnest($1))", [files]
        )


def lines_of_watched(tables: Tables, journals: Sequence[int]) -> None:
    """Make lines of the new records of journals."""
    with tables.cursor() as cursor:
        cursor.execute(sql("watched_lines"), [list(journals)])


def order_records(tables: Tables) -> None:
    """Order records by their times."""
    with tables.cursor() as cursor:
        cursor.execute(sql("order_records"))


def forget_same_records(tables: Tables) -> None:
    """Count a login in several logs of other servers once, and put them all in order."""
    with tables.cursor() as cursor:
        cursor.execute(sql("same_records"))
    order_records(tables)


def ignore_networks(tables: Tables, networks: tuple[Network, ...]) -> None:
    """Remove what came from some networks."""
    with tables.cursor() as cursor:
        found = cursor.execute(sql("addresses")).fetchall()
        ignored = [text for (text,) in found if _is_within(text, networks)]
        for statement in sql("ignore").split(";"):
            cursor.execute(statement, [ignored])


def put_in_order(tables: Tables) -> None:
    """Sort the rows of files that overlap or are not in order by their times.

    Rows that are in order stay as they are, so that the passes of a repeated hour stay apart. Lines
    that were also in an earlier file are removed and counted.
    """
    with tables.cursor() as cursor:
        if cursor.execute(sql("disordered_lines")).fetchone() != (False,):
            repeated = _count(cursor.execute(sql("repeated_lines")))
            cursor.execute("INSERT INTO repeated VALUES ($1)", [repeated])
            cursor.execute(sql("order_lines"))
        if cursor.execute(sql("disordered_records")).fetchone() != (False,):
            cursor.execute(sql("order_records"))


def _is_within(text: str, networks: tuple[Network, ...]) -> bool:
    try:
        return within(parse_address(text), networks)
    except ValueError:
        return False


def _count(cursor: duckdb.DuckDBPyConnection) -> int:
    row = cursor.fetchone()
    assert row is not None, "a count has a row"
    return int(row[0])


def _named(printed: str) -> str:
    """Return the account of a printed name, in the form of the tables and the journal."""
    name = unescape(printed)
    return name if name.isascii() or _is_text(name) else printed


def _is_text(name: str) -> bool:
    """Return whether a name can be stored; a lone surrogate cannot (it stays escaped)."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _written(address: str) -> str:
    """Return an address in the form of the journal."""
    try:
        return written(parse_address(address))
    except ValueError:
        return address


def _inserted(chunk: Chunk, insertion: Future[None]) -> Chunk:
    insertion.result()
    return chunk
