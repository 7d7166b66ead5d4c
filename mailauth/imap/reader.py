"""Reads commands: lines, and the literals they announce (RFC 9051 §2.2.1, RFC 7888)."""

import re
from collections.abc import Callable

import msgspec

from mailauth.imap.errors import Bad, StatusError
from mailauth.wire.lines import LineBuffer, LineTooLong

_ANNOUNCED = re.compile(rb"(~?)\{(\d+)(\+?)\}\r?\n\Z")
_ID = re.compile(rb"[^ ]{1,100} ID ", re.IGNORECASE)
_BEGINNING_OCTETS = 104  # of a command: a tag, and a name after it
_LONGEST_SIZE = 19  # digits of a number64


class Limits(msgspec.Struct, frozen=True):
    """Limits on what a client sends, in octets.

    `literals` is the number of literals in a command. `command` bounds its lines and literals
    together, without an appended message. `waste` bounds what is read of a refused literal.
    """

    line: int
    literal: int
    literals: int
    command: int
    waste: int


# A SASL response has 12,288 octets at most (RFC 4954 §4), and a non-synchronizing literal 4,096 if
# LITERAL- is announced (RFC 7888 §5). Clients send long sequence sets, and RFC 2683 §3.2.1.5 asks
# for 8,000 octets; some send more.
BEFORE_LOGIN = Limits(line=12_288 + 2, literal=4_096, literals=4, command=81_920, waste=65_536)
AFTER_LOGIN = Limits(
    line=65_536, literal=65_536, literals=100, command=16 * 1024 * 1024, waste=64 * 1024 * 1024
)
# RFC 2971 §3.3: 30 fields with names of 30 octets and values of 1,024 (escaped: twice that).
ID_BEFORE_LOGIN = Limits(line=65_536, literal=1_024, literals=60, command=81_920, waste=65_536)


class Announced(msgspec.Struct, frozen=True, gc=False):
    """An announced literal; `command` is what was received of the command before it."""

    command: bytes
    size: int
    synchronizing: bool


class Assembled(msgspec.Struct, frozen=True, gc=False):
    """A complete command, including its literals, without the final line ending."""

    data: bytes


class Continue(msgspec.Struct, frozen=True, gc=False):
    """The client is waiting for a continuation request."""


class Refused(msgspec.Struct, frozen=True):
    """A command that was refused before it was complete; `command` is its beginning.

    `fatal` says that the rest of the command cannot be skipped.
    """

    command: bytes
    error: StatusError
    fatal: bool = False


class TooLong(msgspec.Struct, frozen=True, gc=False):
    """The beginning of a line that exceeds the limit. The rest will be skipped."""

    beginning: bytes


Read = Assembled | Continue | Refused | TooLong


class CommandReader:
    """Reads commands from a buffer."""

    __slots__ = (
        "_buffer",
        "_literals",
        "_missing",
        "_parts",
        "_refusal",
        "_skipping",
        "limits",
    )

    def __init__(self, buffer: LineBuffer) -> None:
        self.limits = BEFORE_LOGIN
        self._buffer = buffer
        self._skipping = False
        self._parts: list[bytes] = []
        self._missing = 0  # octets of a literal that have not arrived
        self._literals = 0
        self._refusal: Refused | None = None

    def line(self) -> bytes | TooLong | None:
        """Take one line, without its ending, after a continuation request."""
        assert not self._skipping, "the rest of a long line must be skipped by `read`"
        line = self._line()
        return line if line is None or isinstance(line, TooLong) else line.rstrip(b"\r\n")

    def read(self, admit: Callable[[Announced], None]) -> Read | None:
        """Take the next command, or as much of it as has arrived; `None` when more is needed.

        `admit` is called for a literal larger than the limit, and raises a `StatusError` to refuse
        it.
        """
        while True:
            if self._missing and not self._take_literal():
                return None
            if self._skipping:
                ending = self._buffer.skip_line()
                if ending is None:
                    return None
                self._skipping = False
                if (announced := _ANNOUNCED.search(ending)) and announced[3]:  # RFC 7888 §3
                    return self._give_up(Bad("The line is too long and ends with a literal"))
            line = self._line()
            if line is None:
                return None
            if isinstance(line, TooLong):
                beginning = b"".join(self._parts)[:256] or line.beginning
                self._reset()
                return TooLong(beginning)
            announced = _ANNOUNCED.search(line) if line.endswith((b"}\r\n", b"}\n")) else None
            if self._refusal is None:
                self._parts.append(line)
            if announced is None:
                return self._end()
            event = self._announced(announced, admit)
            if event is not None:
                return event

    @property
    def kept(self) -> int:
        """How many octets of incomplete commands are kept."""
        return sum(map(len, self._parts)) + len(self._buffer)

    def refuse(self, error: StatusError) -> None:
        """Drop what was received of an incomplete command; it will be `Refused`."""
        if self._refusal is None and self._parts:
            self._refusal = Refused(self._parts[0][:256], error)
            self._parts = []

    def forget(self) -> None:
        """Drop everything received."""
        self._buffer.discard()
        self._reset()

    def _end(self) -> Assembled | Refused:
        refusal = self._refusal
        if refusal is not None:
            self._reset()
            return refusal
        parts = self._parts
        last = parts[-1]
        parts[-1] = last[:-2] if last.endswith(b"\r\n") else last[:-1]
        data = b"".join(parts) if len(parts) > 1 else parts[0]
        self._reset()
        return Assembled(data)

    def _announced(
        self, announced: re.Match[bytes], admit: Callable[[Announced], None]
    ) -> Read | None:
        """Handle an announced literal: request it, refuse it, or (`None`) read on."""
        synchronizing = not announced[3]
        if len(announced[2]) > _LONGEST_SIZE:
            return self._give_up(Bad("Malformed literal"))
        size = int(announced[2])
        if self._refusal is None:
            try:
                self._check(size, synchronizing, admit)
            except StatusError as error:
                self._refusal = Refused(b"".join(self._parts)[:256], error)
                self._parts.clear()
        if self._refusal is None:
            self._missing = size
            return Continue() if synchronizing else None
        if synchronizing:
            return self._end()
        if size > self.limits.waste:
            return self._give_up(self._refusal.error)
        self._missing = size
        return None

    def _check(self, size: int, synchronizing: bool, admit: Callable[[Announced], None]) -> None:
        limits = self._limits_of(self._parts[0])
        self._literals += 1
        if self._literals > limits.literals:
            raise Bad("Too many literals in one command")
        if size > limits.literal:
            self._literals = limits.literals  # a message is the last literal of its command
            admit(Announced(b"".join(self._parts), size, synchronizing))
        elif sum(map(len, self._parts)) + size > limits.command:
            raise Bad("The command is too long")

    def _give_up(self, error: StatusError) -> Refused:
        command = self._refusal.command if self._refusal else b"".join(self._parts)[:256]
        self._reset()
        return Refused(command, error, fatal=True)

    def _take_literal(self) -> bool:
        """Take or discard the announced literal; return `False` when more is needed."""
        if self._refusal is not None:
            self._missing -= len(self._buffer.take(self._missing))
            return self._missing == 0
        if len(self._buffer) < self._missing:
            return False
        self._parts.append(self._buffer.take(self._missing))
        self._missing = 0
        return True

    def _line(self) -> bytes | TooLong | None:
        try:
            return self._buffer.line(self.limits.line)
        except LineTooLong:
            pass
        beginning = self._parts[0] if self._parts else self._buffer.beginning(_BEGINNING_OCTETS)
        try:
            return self._buffer.line(self._limits_of(beginning).line)
        except LineTooLong:
            self._skipping = True
            return TooLong(self._buffer.take(256))

    def _limits_of(self, beginning: bytes) -> Limits:
        """Return the limits for the command that begins like this."""
        is_long_id = self.limits is BEFORE_LOGIN and _ID.match(beginning)
        return ID_BEFORE_LOGIN if is_long_id else self.limits

    def _reset(self) -> None:
        self._parts = []
        self._missing = 0
        self._literals = 0
        self._refusal = None
