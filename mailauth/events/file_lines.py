"""Reads the lines of a log file, with limits on the length of a line and of the file.

A compressed file of megabytes may contain gigabytes in one line.
"""

from collections.abc import Iterator
from typing import BinaryIO

LINE_OCTETS = 65_536  # many times the longest record
FILE_OCTETS = 1024 * 1024 * 1024  # read from one file, after decompression


class TooLong(Exception):
    """The file exceeds the limit."""


def lines(file: BinaryIO, at_most: int = FILE_OCTETS) -> Iterator[tuple[int, bytes]]:
    """Yield each line, or the beginning of an overlong line, with its offset.

    Offsets are relative to the current position. Raises `TooLong` after this many octets.
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
