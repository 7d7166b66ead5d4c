"""Lines of a log file, of which neither one nor all together are longer than is sensible.

A compressed file of megabytes may hold gigabytes, in one line.
"""

from collections.abc import Iterator
from typing import BinaryIO

LINE_OCTETS = 65_536  # many times the longest record
FILE_OCTETS = 1024 * 1024 * 1024  # that are read in one go, unpacked


class TooLong(Exception):
    """There is more in a file than is read in one go."""


def lines(file: BinaryIO, at_most: int = FILE_OCTETS) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its offset; of one that is too long, only its beginning.

    Offsets are from where the file stands. Raises `TooLong` after so many octets.
    """
    offset = 0
    while line := file.readline(LINE_OCTETS):
        start = offset
        offset += len(line)
        piece = line
        while not piece.endswith(b"\n") and offset <= at_most:
            piece = file.readline(LINE_OCTETS)
            if not piece:
                break
            offset += len(piece)
        if offset > at_most:
            raise TooLong
        yield start, line
