"""The content of a message as it comes, by DATA or BDAT: bounded, and linear in what arrives.

Only CRLF ends a line (RFC 5321 §2.3.8). A lone CR or LF is refused, and what another server might
take for the end of the message ends the connection: behind it, commands cannot be told from content
(SMTP smuggling).
"""

import re

DISCARDED_OCTETS = 64 * 1024 * 1024  # of a message too big that are read to find its end

_END = b"\r\n.\r\n"
_FALSE_END = re.compile(rb"\n\.\n|(?<!\r)\n\.\r\n")
_UNDECIDED = re.compile(rb"(?:\r?\n(?:\.\r?)?|\r)\Z")  # may be the beginning of an end
_LONGEST_UNDECIDED = len(b"\r\n.\r")


class Smuggling(Exception):
    """A lone dot stands on a line by a line feed without its carriage return."""


class TooMuch(Exception):
    """The content goes on and on, far beyond the limit."""


class Collected:
    """What has come of a message. Nothing of one that is too big, or `refused`, is kept."""

    __slots__ = ("_content", "_limit", "_octets", "refused")

    def __init__(self, limit: int) -> None:
        self.refused = False
        self._limit = limit
        self._octets = 0
        self._content = bytearray()

    @property
    def room(self) -> int:
        """How many octets may still come; less than none, when it is too big."""
        return self._limit - self._octets

    def add(self, piece: bytes) -> None:
        """Take a piece; raises `TooMuch`."""
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
        """Keep nothing, of what comes either."""
        self.refused = True
        self._content.clear()

    def octets(self) -> bytes:
        """The whole content."""
        return bytes(self._content)


class DotStuffed:
    """The content of DATA: ended by a lone dot, with one more dot on lines that begin with one."""

    __slots__ = ("_collected", "_is_first", "_undecided")

    def __init__(self, collected: Collected) -> None:
        self._collected = collected
        self._undecided = b"\r\n"  # an end may stand at the very beginning
        self._is_first = True

    def feed(self, data: bytes) -> bytes | None:
        """Take what came; once the content has ended, return what came behind it.

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
    """Whether a CR or an LF stands alone."""
    pairs = content.count(b"\r\n")
    return not pairs == content.count(b"\n") == content.count(b"\r")
