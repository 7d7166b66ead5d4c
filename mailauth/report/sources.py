"""Which files a report reads, what each of them is, and in which order they tell their story.

Files are told by what they hold, not by their names: a journal's line begins with a brace, a line
of SuccessfulLogins.log with a time.
"""

import enum
import errno
import os
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

import msgspec

from mailauth.record.archive import Archived, archived
from mailauth.report.packing import DAMAGED, SUFFIXES, CannotUnpack, opened

LINES_NAME = "SuccessfulLogins.log"
JOURNAL_NAME = "LoginAttempts.jsonl"
FAILURES_STEM = "InvalidPasswordAttempts"

_HEAD = 65536
_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


class Content(enum.Enum):
    """What a file holds."""

    LINES = "lines"
    JOURNAL = "journal"


class Given(msgspec.Struct, frozen=True):
    """A file that somebody named, perhaps by another name than its path."""

    path: Path
    name: str


class Source(msgspec.Struct, frozen=True):
    """A file to read."""

    path: Path
    content: Content
    name: str = ""

    def __str__(self) -> str:
        """How it is called in messages."""
        return self.name or str(self.path)


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


def sources_of_files(paths: Iterable[Path | Given]) -> Sources:
    """Sort out files somebody named; one that is named twice is read once.

    Raises `OSError` for what cannot be read.
    """
    lines: list[tuple[bytes, int, Source]] = []
    journal: list[tuple[bytes, int, Source]] = []
    passed_over = []
    seen = set()
    for number, given in enumerate(paths):
        path, name = (given.path, given.name) if isinstance(given, Given) else (given, "")
        status = path.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        head = _head(path)
        if path.name.startswith(FAILURES_STEM):
            passed_over.append(path)
        elif head.lstrip().startswith(b"{"):
            journal.append((_first_time(head), number, Source(path, Content.JOURNAL, name)))
        else:
            lines.append((_first_time(head), number, Source(path, Content.LINES, name)))
    return Sources(
        lines=tuple(source for _, _, source in sorted(lines, key=lambda entry: entry[:2])),
        journal=tuple(source for _, _, source in sorted(journal, key=lambda entry: entry[:2])),
        passed_over=tuple(passed_over),
    )


def logs_in(directory: Path) -> list[Path]:
    """Return the logs in a directory, with their older files whatever rotated them."""
    stems = tuple(Path(name).stem + "." for name in (LINES_NAME, JOURNAL_NAME))
    found = {path for path in directory.iterdir() if path.name.startswith(stems)}
    return sorted(path for path in found if path.is_file() and not _is_compressed_twin(path, found))


def _is_compressed_twin(path: Path, among: Container[Path]) -> bool:
    """Whether the same file is there uncompressed: its compression was interrupted."""
    return path.suffix in SUFFIXES and path.with_suffix("") in among


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
    except DAMAGED as error:
        raise CannotUnpack(errno.EIO, f"cannot be decompressed: {error}", str(path)) from None


def _first_time(head: bytes) -> bytes:
    """Return the first time in a file, fit to be compared; a file without one comes last."""
    found = _TIME.search(head)
    return found[1] + b" " + found[2] if found is not None else b"~"
