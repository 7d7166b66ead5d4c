"""A large log of another server, read by two processes: one sifts its lines, the other reads them.

This process opens, decompresses and sifts the file. It sends the relevant lines in order through a
pipe to a second process, which returns the records. So the records are the same as those of one
process.
"""

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from struct import Struct as Layout
from threading import Thread
from typing import IO

import msgspec

from mailauth.report.chunks import CHUNK_OCTETS, chunks
from mailauth.report.foreign.files import Encoded, FileFound, formats_for, found_in, log_in
from mailauth.report.foreign.sieve import Sieve, Sifted
from mailauth.report.packing import DAMAGED, is_packed, opened

WORTH_A_PROCESS = 32 * 1024 * 1024  # octets; fewer are read as quickly by one
_PACKED = 8  # roughly the ratio of compression
_LENGTH = Layout("!I")


class _Wanted(msgspec.Struct, frozen=True):
    """What the other process must know about the file."""

    modified: float
    log_format: str | None
    signs: list[str]


def is_worth_it(path: Path) -> bool:
    """Return whether a second process is faster for a file. Raises `OSError`."""
    octets = path.stat().st_size * (_PACKED if is_packed(path) else 1)
    return octets >= WORTH_A_PROCESS and len(os.sched_getaffinity(0)) > 1


class FileApart:
    """Reads one file as `ForeignFile` does."""

    def __init__(self, path: Path, log_format: str | None, signs: frozenset[str]) -> None:
        self._path = path
        self._wanted = _Wanted(path.stat().st_mtime, log_format, sorted(signs))
        self._found: FileFound | None = None
        self._damaged: deque[tuple[int, ...]] = deque()
        self._failure: Exception | None = None

    def encoded(
        self, progress: Callable[[int], None] | None = None, size: int = CHUNK_OCTETS
    ) -> Iterator[Encoded]:
        """Yield the records. At the end, raises `OSError` and the errors of decompression."""
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # it must not get a SIGINT from the terminal
        )
        assert process.stdin is not None
        assert process.stdout is not None
        feeder = Thread(target=self._feed, args=(process.stdin, progress, size), daemon=True)
        try:
            feeder.start()
            decode = msgspec.msgpack.Decoder(Encoded | FileFound).decode
            while (frame := _received(process.stdout)) is not None:
                read = decode(frame)
                if isinstance(read, FileFound):
                    self._found = read
                    break
                damaged = self._damaged.popleft() if self._damaged else ()
                yield msgspec.structs.replace(read, damaged=damaged)
            feeder.join()
        finally:
            process.kill()
            process.stdout.close()
            process.wait()
            feeder.join()
        if self._failure is not None:
            raise self._failure
        if self._found is None:
            raise ChildProcessError(0, "the process that read it has ended", str(self._path))

    def found(self) -> FileFound:
        """Return the results after reading."""
        return self._found or FileFound.nothing()

    def _feed(self, pipe: IO[bytes], progress: Callable[[int], None] | None, size: int) -> None:
        """Sift the file into a pipe."""
        try:
            with suppress(BrokenPipeError), pipe:
                _send(pipe, self._wanted)
                sieve = Sieve(formats_for(self._wanted.log_format).values())
                with opened(self._path) as file:
                    for chunk in chunks(file, size=size, progress=progress):
                        self._damaged.append(chunk.damaged)
                        _send(pipe, sieve.sift(chunk.text))
        except (OSError, *DAMAGED) as failure:
            self._failure = failure


def main() -> None:
    """Read sifted lines from standard input, and write the records to standard output."""
    given, out = sys.stdin.buffer, sys.stdout.buffer
    frame = _received(given)
    if frame is None:
        return
    wanted = msgspec.msgpack.decode(frame, type=_Wanted)
    log = log_in(wanted.modified, wanted.log_format, frozenset(wanted.signs))
    decode = msgspec.msgpack.Decoder(Sifted).decode
    while (frame := _received(given)) is not None:
        _send(out, Encoded.of(log.take(decode(frame))))
    _send(out, Encoded.of(log.finish()))
    _send(out, found_in(log))


def _send(pipe: IO[bytes], message: msgspec.Struct) -> None:
    octets = msgspec.msgpack.encode(message)
    pipe.write(_LENGTH.pack(len(octets)))
    pipe.write(octets)
    pipe.flush()


def _received(pipe: IO[bytes]) -> bytes | None:
    """Return the next message, or `None` after the sender has ended."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    octets = pipe.read(length)
    return octets if len(octets) == length else None


if __name__ == "__main__":
    with suppress(BrokenPipeError):
        main()
