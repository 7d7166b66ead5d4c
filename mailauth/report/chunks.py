"""Files in chunks of whole lines, so that logs of any size are read in limited memory."""

import codecs
import hashlib
from collections.abc import Callable, Iterator
from typing import BinaryIO

import msgspec

from mailauth.report.packing import DAMAGED
from mailauth.wire.utf8 import is_utf8

CHUNK_OCTETS = 4 * 1024 * 1024
BLOCK_OCTETS = 64 * 1024  # read at a time, so that not much is lost after a read error
KEPT_OF_ENDLESS = 1024  # octets kept of a line longer than a chunk, which cannot be one of ours
FINGERPRINT_OCTETS = 4096
TIME_OCTETS = 23


class Chunk(msgspec.Struct, frozen=True):
    """Lines without their endings, joined by line feeds.

    `first` is the number of the first line in its file, from 1; `end` is the offset after the last
    one. `damaged` has the numbers of lines that are not UTF-8; their invalid octets are U+FFFD
    here. `whole` is false for a last line without an ending. `before` is the beginning of the line
    before the first, if it was read: as much as its time takes.
    """

    text: str
    first: int
    lines: int
    end: int
    whole: bool
    damaged: tuple[int, ...]
    before: str


def chunks(
    file: BinaryIO,
    *,
    start: int = 0,
    line: int = 1,
    size: int = CHUNK_OCTETS,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Chunk]:
    """Read a file from an offset, where the line of that number begins.

    `progress` is called with the number of octets read. After an error, the whole lines before it
    are yielded first.
    """
    file.seek(start)
    rest = before = b""
    offset = start
    at_end = False
    while not at_end:
        block, failure = _read(file, size)
        if progress is not None:
            progress(len(block))
        at_end = len(block) < size
        data = rest + block
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if cut:
            offset += cut
            chunk = _chunk(data[:cut], line, offset, before)
            yield chunk
            line += chunk.lines
            before = data[data.rfind(b"\n", 0, cut - 1) + 1 : cut]
        elif not at_end:
            rest, offset = _skip_endless(file, rest, offset, progress)
    if failure is not None:
        raise failure
    if rest:
        yield _chunk(rest, line, offset + len(rest), before)


def fingerprint(file: BinaryIO, end: int) -> bytes:
    """Return a hash of the octets before an offset, to detect changes."""
    start = max(0, end - FINGERPRINT_OCTETS)
    file.seek(start)
    return hashlib.blake2b(_read(file, end - start)[0], digest_size=16).digest()


def _read(file: BinaryIO, size: int) -> tuple[bytes, Exception | None]:
    """Read this many octets, or fewer at the end of the file or before an error."""
    blocks: list[bytes] = []
    while size > 0:
        try:
            block = file.read(min(size, BLOCK_OCTETS))
        except (OSError, *DAMAGED) as failure:
            return b"".join(blocks), failure
        if not block:
            break
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks), None


def _skip_endless(
    file: BinaryIO, data: bytes, offset: int, progress: Callable[[int], None] | None
) -> tuple[bytes, int]:
    """Skip the middle of a line that is longer than a chunk; return what is kept of it.

    The returned offset is such that the kept octets end where the line does.
    """
    kept = data[:KEPT_OF_ENDLESS]
    position = offset + len(data)
    while True:
        block, _ = _read(file, CHUNK_OCTETS)  # an error occurs again at the next read
        if progress is not None:
            progress(len(block))
        end = block.find(b"\n")
        if end >= 0 or not block:
            rest = kept + (block[end:] if end >= 0 else b"")
            return rest, position + max(end, 0) - len(kept)
        position += len(block)


def _chunk(data: bytes, line: int, end: int, before: bytes) -> Chunk:
    whole = data.endswith(b"\n")
    body = data[:-1] if whole else data
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if line == 1:
        body = body.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode("utf-8")
        damaged: tuple[int, ...] = ()
    except UnicodeDecodeError:
        text = body.decode("utf-8", "replace")
        damaged = _not_utf8(body, line)
    return Chunk(
        text=text,
        first=line,
        lines=body.count(b"\n") + 1,
        end=end,
        whole=whole,
        damaged=damaged,
        before=before[:TIME_OCTETS].decode("ascii", "replace"),
    )


def _not_utf8(body: bytes, line: int) -> tuple[int, ...]:
    return tuple(number for number, text in enumerate(body.split(b"\n"), line) if not is_utf8(text))
