"""Messages as a mailbox keeps them, with their flags (RFC 3501 §2.3, RFC 7162 §3.1)."""

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
    """The octets of a message, which never change. Compared by identity: copies may share one."""

    @property
    def size(self) -> int:
        """How many octets `read` returns."""

    def read(self) -> bytes:
        """Return the whole message, its lines ended by CRLF; raises `MessageGone`."""


class Message(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One message in one mailbox at one MODSEQ; a change of flags makes a new one in its place.

    There are many, and the garbage collector does not look at them: what one has may not lead back.

    `flags` has system flags in the spelling above and keywords in the mailbox's; never `\\Recent`,
    which is a session's own. `internal_date` is aware of its zone, and whole seconds.
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
    """A message to be appended; bare line feeds become CRLF as it is kept."""

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
        """The flags that a message with `flags` has afterwards."""
        match self.operation:
            case Operation.REPLACE:
                return self.flags
            case Operation.ADD:
                return flags | self.flags
            case Operation.REMOVE:
                return flags - self.flags


def with_crlf(content: bytes) -> bytes:
    """The same lines, each ended by CRLF."""
    if content.count(b"\n") == content.count(b"\r\n"):
        return content
    return _BARE_LF.sub(b"\r\n", content)


class Keywords:
    """The keywords of one mailbox; the spelling that came first stands for any letter case."""

    __slots__ = ("_sets", "_spelling")

    def __init__(self, keywords: Iterable[str] = ()) -> None:
        self._spelling = {keyword.lower(): keyword for keyword in keywords}
        self._sets: dict[frozenset[str], frozenset[str]] = {}

    def __len__(self) -> int:
        return len(self._spelling)

    def all(self) -> list[str]:
        """Every keyword ever used here, in order of appearance."""
        return list(self._spelling.values())

    def unknown(self, flags: Iterable[str]) -> set[str]:
        """Which of these are new keywords, in lower case."""
        return {f.lower() for f in flags if not f.startswith("\\")} - self._spelling.keys()

    def spelled(self, flags: Iterable[str], *, learn: bool) -> frozenset[str]:
        r"""These flags in this mailbox's spelling; a new keyword is added if `learn`.

        Other flags with a backslash than those that can be stored (`\Recent`) are left out.
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
        """The same set, and the same object for all messages with these flags."""
        if len(self._sets) > 4096:
            self._sets.clear()
        return self._sets.setdefault(flags, flags)
