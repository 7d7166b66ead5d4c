"""The logs of a home, read as they grow, for the console.

The tables are in `HOME/.mailauth/reports.duckdb`. This is a cache: if it does not match the files,
or cannot be used, it is rebuilt from them, if necessary in memory.
"""

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import msgspec
from twisted.logger import Logger

from mailauth.home.directories import PRIVATE, made
from mailauth.home.lock import TEMPORARY
from mailauth.report.chunks import fingerprint as fingerprint_of
from mailauth.report.logs import Logs
from mailauth.report.packing import DAMAGED, SUFFIXES, opened
from mailauth.report.period import Wanted
from mailauth.report.progress import Reading
from mailauth.report.reading import (
    GENTLE,
    Mark,
    Pace,
    Progress,
    Reader,
    drop_lines,
    fold_accounts,
    lines_from_records,
    lines_of_reported,
    lines_of_watched,
    match,
    watched_journals,
)
from mailauth.report.sources import Content, Source, Sources, sources_of_directory
from mailauth.report.tables import Tables, sql, version

CACHE_NAME = "reports.duckdb"
COMPRESSION = 10  # how much smaller a compressed log is, approximately

log = Logger()


class _Known(msgspec.Struct, frozen=True):
    """The state of a file when it was last read."""

    file: int
    content: Content
    device: int
    inode: int
    size: int
    modified: int
    mark: Mark
    fingerprint: bytes

    def is_unchanged(self, status: os.stat_result) -> bool:
        """Whether the file has not changed since."""
        return (self.device, self.inode, self.size, self.modified) == (
            status.st_dev,
            status.st_ino,
            status.st_size,
            status.st_mtime_ns,
        )


class LogsClosed(Exception):
    """The logs were closed before the answer was available."""


class _Misfit(Exception):
    """The files do not continue where the tables end."""


class HomeLogs(Logs):
    """The logs of a log directory. Every answer is from the files as they are now.

    Any thread may ask; questions wait for each other. Files that cannot be read raise `OSError`.
    Nothing is opened before the first question. After `close`, no questions are possible.
    """

    def __init__(
        self,
        directory: Path,
        state: Path,
        cache: str = CACHE_NAME,
        progress: Progress | None = None,
        pace: Pace = GENTLE,
    ) -> None:
        self._directory = directory
        self._pace = pace
        self._cache: Path | None = state / cache
        self._progress = progress
        # The server empties it at its start, so a running command must not use it.
        self._aside = state / TEMPORARY if cache == CACHE_NAME else None
        self._open: Tables | None = None
        self._known: list[_Known] = []
        self._sources: dict[int, Source] = {}
        self._reading: Reading | None = None
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @property
    def reading(self) -> Reading | None:
        """The progress of reading the files for the current question, or `None`."""
        return self._reading

    def now(self) -> tuple[Tables, dict[int, Source]]:
        """Return the tables for the current files, and these by number. Raises `OSError`."""
        with self._lock:
            return self._current(), dict(self._sources)

    def __enter__(self) -> "HomeLogs":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading, and close the tables."""
        self._closed.set()
        with self._lock:
            self._discard()

    @contextlib.contextmanager
    def _asked(self, wanted: Wanted) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            self._note_progress(0)
            try:
                self._tables = self._current()
            finally:
                self._reading = None
            try:
                with super()._asked(wanted) as cursor:
                    yield cursor
            except duckdb.FatalException:
                self._discard()
                raise
            finally:
                del self._tables

    def _current(self) -> Tables:
        """Return tables that match the files: the existing ones, or new ones."""
        try:
            return self._read_on(self._as_they_are())
        except _Misfit:
            self._discard()
        except _FAILURES as error:
            log.warn("the reports' cache is made again: {error}", error=error)
            self._discard()
        try:
            return self._read_on(self._made_again())
        except _FAILURES as error:
            log.warn("the reports do without a cache: {error}", error=error)
            self._discard()
            self._cache = None
        return self._read_on(self._made_again())

    def _as_they_are(self) -> Tables:
        cache = self._cache
        if self._open is not None:
            if cache is not None and not cache.exists():
                raise _Misfit
            return self._open
        if cache is None or not cache.exists():
            raise _Misfit
        self._open = tables = Tables(cache, self._place_aside())
        with tables.cursor() as cursor:
            if cursor.execute("FROM made_from").fetchall() != [(version(),)]:
                raise _Misfit
            cursor.execute(sql("drop_unfinished"))
            self._known = [
                _Known(
                    file=file,
                    content=Content(content),
                    device=device,
                    inode=inode,
                    size=size,
                    modified=modified,
                    mark=Mark(read_to, lines),
                    fingerprint=fingerprint,
                )
                for file, content, device, inode, size, modified, read_to, lines, fingerprint in (
                    cursor.execute(sql("known_files")).fetchall()
                )
            ]
        return tables

    def _made_again(self) -> Tables:
        cache = self._cache
        if cache is not None:
            cache.parent.mkdir(mode=0o700, exist_ok=True)
            cache.unlink(missing_ok=True)
            cache.with_name(f"{cache.name}.wal").unlink(missing_ok=True)
        self._open = Tables(cache, self._place_aside())
        return self._open

    def _discard(self) -> None:
        if self._open is not None:
            self._open.close()
        self._open = None
        self._known = []

    def _read_on(self, tables: Tables) -> Tables:
        """Read what is new. Raises `_Misfit` if the files do not continue where they ended."""
        sources = sources_of_directory(self._directory)
        self._reading = Reading(0, self._unread(sources))
        reader = Reader(tables, self._note_progress, self._pace)
        grown = [
            self._read(tables, reader, content, of_log)
            for content, of_log in (
                (Content.LINES, sources.lines),
                (Content.JOURNAL, sources.journal),
            )
        ]
        if any(grown):
            if not sources.lines:
                with tables.cursor() as cursor:
                    cursor.execute("DELETE FROM lines")
                lines_from_records(tables)
            watched = watched_journals(tables, self._sources)
            if watched:
                drop_lines(tables, self._sources, watched)
                lines_of_watched(tables, watched)
            fold_accounts(tables)
            if sources.lines and sources.journal and not watched:
                match(tables)
                lines_of_reported(tables)
        return tables

    def _read(
        self, tables: Tables, reader: Reader, content: Content, sources: Sequence[Source]
    ) -> bool:
        """Read one log with its older files; return whether anything has changed."""
        known = [file for file in self._known if file.content is content]
        if len(known) > len(sources):
            raise _Misfit
        changed = False
        for position, source in enumerate(sources):
            status = source.path.stat()
            before = known[position] if position < len(known) else None
            if before is not None:
                self._sources[before.file] = source
                if before.is_unchanged(status):
                    continue
            changed = True
            mark = Mark()
            if before is not None:
                mark = before.mark
                with opened(source.path) as file:
                    if fingerprint_of(file, mark.offset) != before.fingerprint:
                        raise _Misfit
            number = (
                before.file
                if before is not None
                else 1 + max((file.file for file in self._known), default=0)
            )
            self._sources[number] = source
            mark = reader.read(source, number, mark, torn_tail=False)
            with opened(source.path) as file:
                now = _Known(
                    file=number,
                    content=content,
                    device=status.st_dev,
                    inode=status.st_ino,
                    size=status.st_size,
                    modified=status.st_mtime_ns,
                    mark=mark,
                    fingerprint=fingerprint_of(file, mark.offset),
                )
            self._remember(tables, now)
        return changed

    def _place_aside(self) -> Path | None:
        """Return the directory for what does not fit into memory; `None` is the system's."""
        if self._aside is None:
            return None
        try:
            return made(self._aside, PRIVATE)
        except OSError:
            return None  # as without a cache; the answers are the same

    def _note_progress(self, octets: int) -> None:
        """Count this many octets as read, and continue unless it was closed."""
        if self._closed.is_set():
            raise LogsClosed
        if self._reading is not None:
            self._reading = Reading(self._reading.done + octets, self._reading.expected)

    def _unread(self, sources: Sources) -> int:
        """Estimate the octets to read: all of new files, the rest of others."""
        known = {(file.device, file.inode): file for file in self._known}
        unread = 0
        for source in sources:
            status = source.path.stat()
            before = known.get((status.st_dev, status.st_ino))
            if before is not None and before.is_unchanged(status):
                continue
            whole = status.st_size * (COMPRESSION if source.path.suffix in SUFFIXES else 1)
            unread += max(0, whole - (before.mark.offset if before is not None else 0))
        return unread

    def _remember(self, tables: Tables, file: _Known) -> None:
        with tables.cursor() as cursor:
            cursor.execute(
                "INSERT OR REPLACE INTO files VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                [
                    file.file,
                    file.content.value,
                    file.device,
                    file.inode,
                    file.size,
                    file.modified,
                    file.mark.offset,
                    file.mark.lines,
                    file.fingerprint,
                ],
            )
        self._known = [*(other for other in self._known if other.file != file.file), file]
        self._known.sort(key=lambda known: known.file)


_FAILURES = (duckdb.Error, OSError, *DAMAGED)
