"""Messages in a mailbox, and their flags (RFC 3501 §2.3, RFC 7162 §3.1)."""

import enum
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

import msgspec

SEEN = "\\Seen"
ANSWERED = "\\Answered"
FLAGGED = "\\Flagged"
DELETED = "\\Deleted"
DRAFT = "\\Draft"
SYSTEM_FLAGS = (ANSWERED, FLAGGED, DELETED, SEEN, DRAFT)

_SYSTEM = {flag.lower(): flag for flag in SYSTEM_FLAGS}
_BARE_LF = re.compile(rb"(?<!\r)\n")


class Content(Protocol):
    """The octets of a message. They never change, and copies may share them."""

    @property
    def size(self) -> int:
        """How many octets `read` returns."""

    def read(self) -> bytes:
        """Return the whole message with CRLF line endings; raises `MessageGone`."""


class Message(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One message in one mailbox at one MODSEQ; a change of flags replaces the object.

    The garbage collector ignores messages, since there are many: they must not form cycles.

    `flags` has system flags in the spelling above and keywords in that of the mailbox. It never has
    `\\Recent`, which belongs to a session. `internal_date` has a time zone and whole seconds.
    """

    uid: int
    modseq: int
    flags: frozenset[str]
    internal_date: datetime
    content: Content

    @property
    def size(self) -> int:
        """RFC822.SIZE."""
        return self.content.size


class NewMessage(msgspec.Struct, frozen=True):
    """A message to be appended; bare line feeds are stored as CRLF."""

    content: bytes
    internal_date: datetime
    flags: frozenset[str] = frozenset()


class Operation(enum.Enum):
    """What STORE does with the flags it names."""

    REPLACE = enum.auto()
    ADD = enum.auto()
    REMOVE = enum.auto()


class FlagChange(msgspec.Struct, frozen=True):
    """A STORE: `FLAGS`, `+FLAGS` or `-FLAGS`."""

    operation: Operation
    flags: frozenset[str]

    def apply(self, flags: frozenset[str]) -> frozenset[str]:
        """Return the flags of a message after the change."""
        match self.operation:
            case Operation.REPLACE:
                return self.flags
            case Operation.ADD:
                return flags | self.flags
            case Operation.REMOVE:
                return flags - self.flags


def with_crlf(content: bytes) -> bytes:
    """Return the content with CRLF line endings."""
    if content.count(b"\n") == content.count(b"\r\n"):
        return content
    return _BARE_LF.sub(b"\r\n", content)


class Keywords:
    """The keywords of one mailbox, case-insensitive; the first spelling of each is kept."""

    __slots__ = ("_sets", "_spelling")

    def __init__(self, keywords: Iterable[str] = ()) -> None:
        self._spelling = {keyword.lower(): keyword for keyword in keywords}
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._spelling)

    def all(self) -> list[str]:
        """Return every keyword ever used here, in order of first use."""
        return list(self._spelling.values())

    def unknown(self, flags: Iterable[str]) -> set[str]:
        """Return which of these are new keywords, in lower case."""
        return {f.lower() for f in flags if not f.startswith("\\")} - self._spelling.keys()

    def spelled(self, flags: Iterable[str], *, learn: bool) -> frozenset[str]:
        r"""Return these flags in this mailbox's spelling; a new keyword is added if `learn`.

        Flags with a backslash that cannot be stored, such as `\Recent`, are left out.
        """
        result = set()
        for flag in flags:
            lower = flag.lower()
            spelling: str | None
            if flag.startswith("\\"):
                spelling = _SYSTEM.get(lower)
            elif learn:
                spelling = self._spelling.setdefault(lower, flag)
            else:
                spelling = self._spelling.get(lower, flag)
            if spelling is not None:
                result.add(spelling)
        return self.shared(frozenset(result))

    def shared(self, flags: frozenset[str]) -> frozenset[str]:
        """Return an equal set, which is the same object for all messages with these flags."""
        if len(self._sets) > 4096:
            self._sets.clear()
        return self._sets.setdefault(flags, flags)
