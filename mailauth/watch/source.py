"""A source of lines to follow, which come in pieces."""

import enum
from collections.abc import Iterable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import msgspec

from mailauth.watch.cursor import SourceCursor

PIECE_OCTETS = 65_536
LOOK_BACK_OCTETS = 1024 * 1024

B = TypeVar("B")


class Start(enum.Enum):
    """Where to begin in a source that was not read before."""

    END = "end"
    BEGINNING = "beginning"


class Piece(msgspec.Struct, Generic[B], frozen=True):
    """Whole lines without their endings, joined by line feeds, and where they begin."""

    text: str
    beginning: B


class Source(Protocol[B]):
    """A growing log. Its methods raise `OSError` if it cannot be read now."""

    name: str
    modified: datetime  # when it was last written, at the time of opening

    def look_back(self) -> str:
        """Return some lines from before the first that is read, which show its context."""

    def read(self) -> Piece[B] | None:
        """Return the next lines, or `None` if there are none now."""

    def cursor(self, undecided: Iterable[B]) -> SourceCursor:
        """Return where to continue: where the undecided pieces begin, else here."""

    def close(self) -> None:
        """Close it."""


def text_of(lines: bytes) -> str:
    """Decode whole lines; octets that are not UTF-8 are replaced."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    return lines.decode("utf-8", "replace").removesuffix("\n")
