"""Which files a report reads, what each of them is, and in which order they tell their story.

Files are told by what they hold, not by their names: a journal's line begins with a brace, a line
of SuccessfulLogins.log with a time; what is gzipped begins with its magic number (RFC 1952 §2.3.1).
"""

import enum
import errno
import gzip
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from mailauth.record.archive import Archived, archived

LINES_NAME = "SuccessfulLogins.log"
JOURNAL_NAME = "LoginAttempts.jsonl"
FAILURES_STEM = "InvalidPasswordAttempts"

_GZIP = b"\x1f\x8b"
_HEAD = 65536
_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


class Content(enum.Enum):
    """What a file holds."""

    LINES = "lines"
    JOURNAL = "journal"


class Source(msgspec.Struct, frozen=True):
    """A file to read."""

    path: Path
    content: Content


class Sources(msgspec.Struct, frozen=True):
    """The files of one story, each log's oldest first. `passed_over` hold failed logins only."""

    lines: tuple[Source, ...]
    journal: tuple[Source, ...]
    passed_over: tuple[Path, ...] = ()

    def __iter__(self) -> Iterator[Source]:
        return iter((*self.lines, *self.journal))


def sources_of_directory(logs: Path) -> Sources:
    """Return the logs of a log directory with their older files; none where there is none."""
    return Sources(
        lines=_of_log(logs / LINES_NAME, Content.LINES),
        journal=_of_log(logs / JOURNAL_NAME, Content.JOURNAL),
    )


def sources_of_files(paths: Iterable[Path]) -> Sources:
    """Sort out files somebody named; one that is named twice is read once.

    Raises `OSError` for what cannot be read.
    """
    lines: list[tuple[bytes, int, Source]] = []
    journal: list[tuple[bytes, int, Source]] = []
    passed_over = []
    seen = set()
    for number, path in enumerate(paths):
        status = path.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        head = _head(path)
        if path.name.startswith(FAILURES_STEM):
            passed_over.append(path)
        elif head.lstrip().startswith(b"{"):
            journal.append((_first_time(head), number, Source(path, Content.JOURNAL)))
        else:
            lines.append((_first_time(head), number, Source(path, Content.LINES)))
    return Sources(
        lines=tuple(source for _, _, source in sorted(lines, key=lambda entry: entry[:2])),
        journal=tuple(source for _, _, source in sorted(journal, key=lambda entry: entry[:2])),
        passed_over=tuple(passed_over),
    )


def opened(path: Path) -> BinaryIO:
    """Open a file for reading, decompressed where it is gzipped. Raises `OSError`."""
    file = path.open("rb", buffering=0)
    if os.pread(file.fileno(), len(_GZIP), 0) == _GZIP:
        file.close()
        return cast(BinaryIO, gzip.open(path, "rb"))
    return cast(BinaryIO, file)


def _of_log(log: Path, content: Content) -> tuple[Source, ...]:
    older = {(found.day, found.number): found for found in reversed(archived(log))}
    in_order: list[Archived] = sorted(older.values())  # the plain file before its compressed twin
    paths = [found.path for found in in_order]
    if log.exists():
        paths.append(log)
    return tuple(Source(path, content) for path in paths)


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.is_file():
        raise OSError(errno.ESPIPE, "is no regular file", str(path))
    try:
        with opened(path) as file:
            return file.read(_HEAD)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(errno.EIO, f"cannot be decompressed: {error}", str(path)) from None


def _first_time(head: bytes) -> bytes:
    """Return the first time in a file, fit to be compared; a file without one comes last."""
    found = _TIME.search(head)
    return found[1] + b" " + found[2] if found is not None else b"~"
