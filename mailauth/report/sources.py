"""The files that a report reads: their contents and their order.

Files are recognized by their contents, not by their names: a line of the journal begins with a
brace, one of SuccessfulLogins.log with a time.
"""

import enum
import errno
import os
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from mailauth.record.archive import Archived, archived
from mailauth.report.foreign.detection import formats_in, is_foreign
from mailauth.report.foreign.files import signs_in
from mailauth.report.packing import DAMAGED, SUFFIXES, CannotUnpack, is_packed, opened

LINES_NAME = "SuccessfulLogins.log"
JOURNAL_NAME = "LoginAttempts.jsonl"
FAILURES_STEM = "InvalidPasswordAttempts"

_HEAD = 65536
_NUMBERED = re.compile(r"[.-]\d{4}-?\d\d-?\d\d(?:\.\d+)?(?=\.|$)|\.\d+$")  # of rotated files
_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)")


class Content(enum.Enum):
    """The content of a file."""

    LINES = "lines"
    JOURNAL = "journal"
    FOREIGN = "foreign"


class Given(msgspec.Struct, frozen=True):
    """A file given by the user, perhaps with a name other than its path."""

    path: Path
    name: str


class Source(msgspec.Struct, frozen=True):
    """A file to read; `log_format` is the format of another server's log, if it was given."""

    path: Path
    content: Content
    name: str = ""
    log_format: str | None = None

    def __str__(self) -> str:
        """Return its name for messages."""
        return self.name or str(self.path)


class Sources(msgspec.Struct, frozen=True):
    """The files of a report, each log's oldest first. `foreign` are logs of other servers.

    `passed_over` contain only failed logins.
    """

    lines: tuple[Source, ...]
    journal: tuple[Source, ...]
    passed_over: tuple[Path, ...] = ()
    foreign: tuple[Source, ...] = ()

    def __iter__(self) -> Iterator[Source]:
        return iter((*self.lines, *self.journal, *self.foreign))


def sources_of_directory(logs: Path) -> Sources:
    """Return the logs of a log directory with their older files, or nothing if there are none."""
    return Sources(
        lines=_of_log(logs / LINES_NAME, Content.LINES),
        journal=_of_log(logs / JOURNAL_NAME, Content.JOURNAL),
    )


def sources_of_files(paths: Iterable[Path | Given], *, log_format: str | None = None) -> Sources:
    """Sort the given files by content; one that is given twice is read once.

    With a `log_format` all are logs of another server. Raises `OSError` for unreadable files.
    """
    lines: list[tuple[bytes, int, Source]] = []
    journal: list[tuple[bytes, int, Source]] = []
    foreign: list[tuple[int, int, Source]] = []
    passed_over = []
    seen = set()
    for number, given in enumerate(paths):
        path, name = (given.path, given.name) if isinstance(given, Given) else (given, "")
        status = path.stat()
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        head = beginning(path)
        if path.name.startswith(FAILURES_STEM):
            passed_over.append(path)
        elif log_format is not None or is_foreign(head, _tail(path)):
            source = Source(path, Content.FOREIGN, name, log_format)
            foreign.append((status.st_mtime_ns, number, source))
        elif head.lstrip().startswith(b"{"):
            journal.append((_first_time(head), number, Source(path, Content.JOURNAL, name)))
        else:
            lines.append((_first_time(head), number, Source(path, Content.LINES, name)))
    return Sources(
        lines=tuple(source for _, _, source in sorted(lines, key=lambda entry: entry[:2])),
        journal=tuple(source for _, _, source in sorted(journal, key=lambda entry: entry[:2])),
        passed_over=tuple(passed_over),
        foreign=tuple(source for _, _, source in sorted(foreign, key=lambda entry: entry[:2])),
    )


def log_of(source: Source) -> str:
    """Return the log to which a file belongs, however it was rotated and compressed."""
    path = Path(str(source))
    name = path.name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return str(path.parent / _NUMBERED.sub("", name))


def signs_of(sources: Mapping[int, Source]) -> dict[int, frozenset[str]]:
    """Return the formats for which each log shows that an absent element is evidence.

    The rotated files of a log are from one server.
    """
    foreign = {n: source for n, source in sources.items() if source.content is Content.FOREIGN}
    logs: dict[tuple[str, str | None], list[int]] = {}
    for number, source in foreign.items():
        logs.setdefault((log_of(source), source.log_format), []).append(number)
    signs: dict[int, frozenset[str]] = {}
    for (_, log_format), numbers in logs.items():
        found = signs_in([foreign[number].path for number in numbers], log_format)
        signs |= dict.fromkeys(numbers, found)
    return signs


def logs_in(directory: Path) -> list[Path]:
    """Return the logs in a directory, including older files, however they were rotated.

    If there are none of ours, return those of other servers.
    """
    stems = tuple(Path(name).stem + "." for name in (LINES_NAME, JOURNAL_NAME))
    every = set(directory.iterdir())
    found = {path for path in every if path.name.startswith(stems)}
    if not found:
        found = {path for path in every if _is_foreign(path)}
    return sorted(path for path in found if path.is_file() and not _is_compressed_twin(path, found))


def _is_foreign(path: Path) -> bool:
    """Return whether a file contains logins to another server."""
    try:
        return path.is_file() and bool(formats_in(beginning(path)) or formats_in(_tail(path)))
    except OSError:
        return False


def _tail(path: Path) -> bytes:
    """Return the last lines of a file, or nothing if it is packed."""
    if is_packed(path):
        return b""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _HEAD))
        return file.read(_HEAD).partition(b"\n")[2]


def _is_compressed_twin(path: Path, among: Container[Path]) -> bool:
    """Return whether the file also exists uncompressed, since its compression was interrupted."""
    return path.suffix in SUFFIXES and path.with_suffix("") in among


def _of_log(log: Path, content: Content) -> tuple[Source, ...]:
    older = {(found.day, found.number): found for found in reversed(archived(log))}
    in_order: list[Archived] = sorted(older.values())  # the plain file before its compressed copy
    paths = [found.path for found in in_order]
    if log.exists():
        paths.append(log)
    return tuple(Source(path, content) for path in paths)


def beginning(path: Path) -> bytes:
    """Return the unpacked beginning of a file, by which it is recognized. Raises `OSError`."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.is_file():
        raise OSError(errno.ESPIPE, "is not a regular file", str(path))
    try:
        with opened(path) as file:
            return file.read(_HEAD)
    except DAMAGED as error:
        raise CannotUnpack(errno.EIO, f"cannot be decompressed: {error}", str(path)) from None


def _first_time(head: bytes) -> bytes:
    """Return the first time in a file for sorting; a file without one comes last."""
    found = _TIME.search(head)
    return found[1] + b" " + found[2] if found is not None else b"~"
