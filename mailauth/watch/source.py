"""What is followed: a source of lines, which come in pieces."""

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
    """Where to begin in a source that has not been read before."""

    END = "end"
    BEGINNING = "beginning"


class Piece(msgspec.Struct, Generic[B], frozen=True):
    """Whole lines without their endings, joined by line feeds, and where they begin."""

    text: str
    beginning: B


class Source(Protocol[B]):
    """A log that grows. Its methods raise `OSError` for what cannot be read now."""

    name: str
    modified: datetime  # when it was last written to, as it was opened

    def look_back(self) -> str:
        """Return some lines before the first that is read: they say what that one is about."""

    def read(self) -> Piece[B] | None:
        """Return the next lines; `None` if there are none now."""

    def cursor(self, undecided: Iterable[B]) -> SourceCursor:
        """Return where to read on: where the pieces begin that are undecided, else here."""

    def close(self) -> None:
        """Let go of it."""


def text_of(lines: bytes) -> str:
    """Decode whole lines; what is not UTF-8 is replaced."""
    if b"\r" in lines:
        lines = lines.replace(b"\r\n", b"\n")
    return lines.decode("utf-8", "replace").removesuffix("\n")
