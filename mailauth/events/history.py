"""Reads events by number from the journal and its older files."""

import gzip
import sys
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from mailauth.events.file_lines import LINE_OCTETS, TooLong, lines
from mailauth.events.selection import Batch, Selection
from mailauth.login.event import LoginEvent
from mailauth.record.archive import newest_first
from mailauth.record.journal import JournalError, decode

LONG_ENOUGH = 20_000  # records read in one call
_NEAR = 65_536  # octets; a search ends within this distance before its target


class _Numbered(msgspec.Struct):
    seq: int


_number_of = msgspec.json.Decoder(_Numbered)


class JournalHistory:
    """The history of one journal. Lines that are not records are skipped."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def between(self, after: int, until: int, limit: int, wanted: Selection) -> Batch:
        """Read events after one number up to another (`events.feed.History`). Raises `OSError`."""
        found: list[LoginEvent] = []
        cursor = after
        looked_at = 0
        with closing(self._records(after)) as records:
            for event in records:
                if event.seq > until or looked_at == LONG_ENOUGH:
                    break
                looked_at += 1
                cursor = event.seq
                if wanted.wants(event):
                    found.append(event)
                    if len(found) == limit:
                        return Batch(found, cursor)
            else:
                cursor = max(cursor, until)
        if cursor == after:  # the events in between were removed
            cursor = until
        return Batch(found, cursor)

    def all_between(self, after: int, until: int) -> Iterator[LoginEvent]:
        """Read every event after one number up to another. Raises `OSError`."""
        for event in self._records(after):
            if event.seq > until:
                return
            yield event

    def _records(self, after: int) -> Generator[LoginEvent]:
        for path in self._files(after):
            with _opened(path) as file:
                if path.suffix != ".gz":
                    _seek(file, after)
                for _, line in lines(file, sys.maxsize):
                    try:
                        event = decode(line)
                    except JournalError:
                        continue
                    if event.seq > after:
                        yield event

    def _files(self, after: int) -> list[Path]:
        """Return the files that contain the events after a number, oldest first."""
        files = []
        for path in newest_first(self._journal):
            first = _first_number(path)
            if first is not None:
                files.append(path)
                if first <= after + 1:
                    break
        return files[::-1]


def _opened(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


def _first_number(path: Path) -> int | None:
    """Return the number of a file's first record, or `None` if it has none."""
    with _opened(path) as file, suppress(TooLong):
        for _, line in lines(file):
            number = _number(line)
            if number is not None:
                return number
    return None


def _seek(file: BinaryIO, after: int) -> None:
    """Seek to a line shortly before the first one with a higher number."""
    low, high = 0, file.seek(0, 2)
    while high - low > _NEAR:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline(LINE_OCTETS)
        line_start = file.tell()
        number = _number(file.readline(LINE_OCTETS)) if line_start < high else None
        if number is not None and number <= after:
            low = line_start
        else:
            high = middle
    file.seek(low)


def _number(line: bytes) -> int | None:
    try:
        return _number_of.decode(line).seq
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
