"""The input buffer of a line-based protocol: linear time, and bounded by its user."""

import msgspec

BEGINNING_OCTETS = 256  # of an overlong line that are kept, to identify it
ENDING_OCTETS = 32  # of a skipped line, which may announce a literal


class LineTooLong(Exception):
    """A line exceeds the limit, whether or not it has ended."""


class TooLong(msgspec.Struct, frozen=True, gc=False):
    """The beginning of a line that exceeds the limit. The rest is skipped."""

    beginning: bytes


class LineBuffer:
    """Bytes received and not used yet; lines and literals are taken from the front."""

    __slots__ = ("_buffer", "_searched", "_start")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0  # bytes before it have been taken
        self._searched = 0  # there is no line feed before it

    def __len__(self) -> int:
        return len(self._buffer) - self._start

    def feed(self, data: bytes) -> None:
        """Append what arrived."""
        if self._start == len(self._buffer):
            self._buffer.clear()
            self._start = self._searched = 0
        elif self._start > 65536:
            del self._buffer[: self._start]
            self._searched -= self._start
            self._start = 0
        self._buffer += data

    def line(self, limit: int) -> bytes | None:
        """Take the next line with its line ending (CRLF or LF); `None` when it has not ended yet.

        Raises `LineTooLong` when the line exceeds `limit` octets, ending included.
        """
        end = self._buffer.find(b"\n", max(self._searched, self._start))
        if end < 0:
            self._searched = len(self._buffer)
            if len(self) > limit:
                raise LineTooLong
            return None
        if end + 1 - self._start > limit:
            raise LineTooLong
        line = bytes(self._buffer[self._start : end + 1])
        self._start = self._searched = end + 1
        return line

    def skip_line(self) -> bytes | None:
        """Skip to the next line feed; return the end of the skipped line, or `None` until then."""
        end = self._buffer.find(b"\n", max(self._searched, self._start))
        if end < 0:
            self.take(len(self) - ENDING_OCTETS)
            self._searched = len(self._buffer)
            return None
        ending = bytes(self._buffer[max(self._start, end + 1 - ENDING_OCTETS) : end + 1])
        self._start = self._searched = end + 1
        return ending

    def beginning(self, count: int) -> bytes:
        """Return the first bytes, at most `count`, without taking them."""
        return bytes(self._buffer[self._start : self._start + count])

    def take(self, count: int) -> bytes:
        """Take at most `count` bytes; none if it is negative."""
        end = self._start + max(count, 0)
        with memoryview(self._buffer) as whole, whole[self._start : end] as taken:
            data = bytes(taken)  # copied once: it may be a whole message
        self._start += len(data)
        self._searched = max(self._searched, self._start)
        return data

    def discard(self) -> int:
        """Drop everything that was not taken, and return how many bytes that was."""
        count = len(self)
        self._buffer.clear()
        self._start = self._searched = 0
        return count


class LineReader:
    """Takes lines from a buffer; an overlong line is reported once, and skipped."""

    __slots__ = ("_buffer", "_skipping")

    def __init__(self, buffer: LineBuffer) -> None:
        self._buffer = buffer
        self._skipping = False

    def line(self, limit: int) -> bytes | TooLong | None:
        """Take the next line with its line ending; `None` when more has to come."""
        if self._skipping:
            if self._buffer.skip_line() is None:
                return None
            self._skipping = False
        try:
            return self._buffer.line(limit)
        except LineTooLong:
            self._skipping = True
            return TooLong(self._buffer.take(BEGINNING_OCTETS))
