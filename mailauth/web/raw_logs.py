"""The log files themselves, read from their ends, for the viewer."""

import gzip
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from mailauth.events.file_lines import lines
from mailauth.record.archive import newest_first

LONG_ENOUGH = 16 * 1024 * 1024  # octets searched for one page
_BLOCK = 65_536

Wanted = Callable[[bytes], bool]


class Excerpt(msgspec.Struct, frozen=True):
    """Lines in the order of the file; `before` is the offset for the lines before them."""

    lines: list[bytes]
    before: int | None


class LogFiles:
    """The logs of a directory with their older files, by name."""

    def __init__(self, logs: Sequence[Path]) -> None:
        self._logs = tuple(logs)

    def names(self) -> list[str]:
        """Return the names of the existing files, each log's newest first."""
        return [path.name for log in self._logs for path in newest_first(log)]

    def excerpt(self, name: str, before: int | None, count: int, wanted: Wanted) -> Excerpt:
        """Return the last matching lines that end before an offset. Blocks.

        Raises `LookupError` for an unknown name, `OSError` for an unreadable file, and `TooLong`
        for a compressed file of which too much would have to be searched.
        """
        for log in self._logs:
            for path in newest_first(log):
                if path.name == name:
                    if path.suffix == ".gz":
                        return _of_compressed(path, before, count, wanted)
                    with path.open("rb") as file:
                        return _of_plain(file, before, count, wanted)
        raise LookupError(name)


def _of_plain(file: BinaryIO, before: int | None, count: int, wanted: Wanted) -> Excerpt:
    end = file.seek(0, 2) if before is None else before
    found: list[bytes] = []
    for start, line in _backwards(file, end):
        if wanted(line):
            found.append(line)
        if len(found) == count or end - start > LONG_ENOUGH:
            return Excerpt(found[::-1], start or None)
    return Excerpt(found[::-1], None)


def _backwards(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that end before an offset, last one first, each with its start."""
    octets = _BLOCK
    while end > 0 and octets <= LONG_ENOUGH:
        start = max(0, end - octets)
        file.seek(start)
        block = file.read(end - start)
        whole = block.find(b"\n") + 1 if start else 0  # the first line begins before this block
        if start and not 0 < whole < len(block):
            octets *= 2
            continue
        octets = _BLOCK
        for line in reversed(_lines(block[whole:])):
            end -= len(line)
            yield end, line.rstrip(b"\r\n")


def _of_compressed(path: Path, before: int | None, count: int, wanted: Wanted) -> Excerpt:
    found: deque[tuple[int, bytes]] = deque(maxlen=count)
    with cast(BinaryIO, gzip.open(path, "rb")) as file:
        for offset, line in lines(file):
            if before is not None and offset >= before:
                break
            if wanted(line):
                found.append((offset, line.rstrip(b"\r\n")))
    oldest = found[0][0] if len(found) == count else 0
    return Excerpt([line for _, line in found], oldest or None)


def _lines(block: bytes) -> list[bytes]:
    """Split only at line feeds, which are kept."""
    lines = [line + b"\n" for line in block.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
