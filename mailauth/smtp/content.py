"""The content of a message as it arrives by DATA or BDAT, in bounded memory and linear time.

Only CRLF ends a line (RFC 5321 §2.3.8). A message with a bare CR or LF is refused. A sequence that
another server might take for the end of the message closes the connection, because commands cannot
be told from content after it (SMTP smuggling).
"""

import re

DISCARDED_OCTETS = 64 * 1024 * 1024  # of an oversized message that are read to find its end

_END = b"\r\n.\r\n"
_FALSE_END = re.compile(rb"\n\.\n|(?<!\r)\n\.\r\n")
_UNDECIDED = re.compile(rb"(?:\r?\n(?:\.\r?)?|\r)\Z")  # may begin the end-of-data sequence
_LONGEST_UNDECIDED = len(b"\r\n.\r")


class Smuggling(Exception):
    """A line with only a dot begins or ends with a bare LF."""


class TooMuch(Exception):
    """The content exceeds its limit by more than we are willing to discard."""


class Collected:
    """The content received so far. Nothing is kept of a message that is too big or `refused`."""

    __slots__ = ("_content", "_limit", "_octets", "refused")

    def __init__(self, limit: int) -> None:
        self.refused = False
        self._limit = limit
        self._octets = 0
        self._content = bytearray()

    @property
    def room(self) -> int:
        """How many more octets are allowed; negative when the message is too big."""
        return self._limit - self._octets

    def add(self, piece: bytes) -> None:
        """Add a piece; raises `TooMuch`."""
        self._octets += len(piece)
        if self.room < -DISCARDED_OCTETS:
            raise TooMuch
        if self.room < 0:
            self._content.clear()
        elif not self.refused:
            self._content += piece

    @property
    def kept(self) -> int:
        """How many octets are kept."""
        return len(self._content)

    def refuse(self) -> None:
        """Drop what was received, and whatever follows."""
        self.refused = True
        self._content.clear()

    def octets(self) -> bytes:
        """The whole content."""
        return bytes(self._content)


class DotStuffed:
    """The content of DATA: dot-stuffed, and ended by a line with only a dot."""

    __slots__ = ("_collected", "_is_first", "_undecided")

    def __init__(self, collected: Collected) -> None:
        self._collected = collected
        self._undecided = b"\r\n"  # the content may be empty
        self._is_first = True

    def feed(self, data: bytes) -> bytes | None:
        """Take what arrived; once the content has ended, return what follows it.

        Raises `Smuggling` and `TooMuch`.
        """
        data = self._undecided + data
        end = data.find(_END)
        false_end = _FALSE_END.search(data) if b"\n." in data else None
        if false_end is not None and (end < 0 or false_end.start() < end):
            raise Smuggling
        if end >= 0:
            self._add(data[: end + 2])
            return data[end + len(_END) :]
        undecided = _UNDECIDED.search(data, max(0, len(data) - _LONGEST_UNDECIDED))
        cut = undecided.start() if undecided is not None else len(data)
        self._undecided = data[cut:]
        self._add(data[:cut])
        return None

    def _add(self, stuffed: bytes) -> None:
        if stuffed:
            piece = stuffed.replace(b"\r\n.", b"\r\n")
            self._collected.add(piece[2:] if self._is_first else piece)
            self._is_first = False


def has_bare_endings(content: bytes) -> bool:
    """Whether the content has a bare CR or LF."""
    pairs = content.count(b"\r\n")
    return not pairs == content.count(b"\n") == content.count(b"\r")
