"""Older log files: their names, and reading their last lines.

They are named `STEM.YYYY-MM-DD.EXT`, or `STEM.YYYY-MM-DD.2.EXT` for a second one of the same day,
with `.gz` appended if they are compressed.
"""

import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

_BLOCK = 65536


class Archived(msgspec.Struct, frozen=True, order=True):
    """An older file of one log; these sort by age."""

    day: date
    number: int
    path: Path


def archived(log: Path) -> list[Archived]:
    """Return a log's older files, oldest first; without a directory there are none.

    If a file exists both plain and compressed, since compression was interrupted, the plain one
    counts.
    """
    stem, extension = re.escape(log.stem), re.escape(log.suffix)
    name = re.compile(rf"{stem}\.(\d{{4}}-\d\d-\d\d)(?:\.([2-9]|[1-9]\d+))?{extension}(?:\.gz)?")
    found: dict[tuple[date, int], Path] = {}
    for path in log.parent.iterdir() if log.parent.is_dir() else ():
        match = name.fullmatch(path.name)
        if match is not None and (day := _day(match[1])) is not None:
            key = (day, int(match[2] or 1))
            found[key] = min(path, found.get(key, path))
    return [Archived(*key, path) for key, path in sorted(found.items())]


def free_number(logs: Iterable[Path], day: date) -> int:
    """Return the next number for older files of this day, the same for all logs."""
    taken = (older.number for log in logs for older in archived(log) if older.day == day)
    return max(taken, default=0) + 1


def archived_name(log: Path, day: date, number: int) -> Path:
    """Return the name of an older file."""
    in_day = "" if number == 1 else f".{number}"
    return log.with_name(f"{log.stem}.{day.isoformat()}{in_day}{log.suffix}")


def newest_first(log: Path) -> Iterator[Path]:
    """Yield the log's own file, then its older ones, newest first.

    Only regular files are included, since opening a FIFO would block forever.
    """
    for path in (log, *(older.path for older in reversed(archived(log)))):
        if path.is_file():
            yield path


def tail(path: Path, octets: int) -> list[bytes]:
    """Return the last whole lines of a file, compressed or not, of at most this many octets.

    Raises `OSError`, `EOFError` and `zlib.error` for unreadable files.
    """
    if path.suffix == ".gz":
        with gzip.open(path, "rb") as stream:
            return _lines(_end_of(cast(BinaryIO, stream), octets + 1), octets)
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - octets - 1))
        return _lines(file.read(), octets)


def _lines(end: bytes, octets: int) -> list[bytes]:
    lines = [line + b"\n" for line in end.split(b"\n")[:-1]]
    is_cut = len(end) > octets  # the first line begins before the part that was read
    return lines[1:] if is_cut else lines


def _end_of(stream: BinaryIO, octets: int) -> bytes:
    end = b""
    while block := stream.read(_BLOCK):
        end = (end + block)[-octets:]
    return end


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
