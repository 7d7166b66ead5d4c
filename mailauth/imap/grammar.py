"""The formal syntax of IMAP (RFC 9051 §9, RFC 3501 §9), one method per rule, named like the rule.

A command is parsed from its octets as they were sent, with literals in place. A rule takes what it
matches from the front, or raises `ParseError`.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import NoReturn, TypeVar

from mailauth.imap.dates import MONTHS
from mailauth.imap.errors import ParseError
from mailauth.imap.sequence import Saved, SequenceSet
from mailauth.mailbox.names import NOT_A_NAME, canonical_name
from mailauth.mailbox.view import Range
from mailauth.wire import utf7
from mailauth.wire.utf8 import is_utf8

T = TypeVar("T")

MAX_NUMBER = 2**32 - 1
MAX_NUMBER64 = 2**63 - 1

_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_ASTRING = re.compile(rb'[^\x00-\x20(){%*"\\\x7f]+')  # 8-bit names and passwords come as atoms too
_QUOTED = re.compile(rb'"((?:[^"\\\x00\r\n]|\\["\\])*)"')
_ESCAPED = re.compile(rb"\\(.)")
_FETCH_NAME = re.compile(rb"[A-Za-z0-9.]+")
_LITERAL = re.compile(rb"\{(\d{1,20})\+?\}\r?\n")
_APPEND_DATA = re.compile(rb"(?:~|UTF8 \(~)?\{\d+\+?\}\r?\n", re.IGNORECASE)
_NUMBER = re.compile(rb"\d{1,20}")
_LIST_MAILBOX = re.compile(rb'[^\x00-\x20(){"\\\x7f]+')
_FLAG = re.compile(rb'\\?[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_SEQUENCE_SET = re.compile(
    rb"(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?(?:,(?:\d{1,10}|\*)(?::(?:\d{1,10}|\*))?)*"
)
_SET_BEGINS = tuple(b"%c" % octet for octet in b"0123456789*$")
_DATE = re.compile(rb"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_DATE_TIME = re.compile(
    rb'"([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"'
)


class Parser:
    """The unparsed rest of a command, without its line ending.

    `utf8` says that the client has enabled UTF-8, so that mailbox names are not modified UTF-7.
    """

    __slots__ = ("_at", "_data", "_utf8")

    def __init__(self, data: bytes, at: int = 0, *, utf8: bool = False) -> None:
        self._data = data
        self._at = at
        self._utf8 = utf8

    def fail(self, expected: str) -> NoReturn:
        """Raise `ParseError`, saying what was expected."""
        raise ParseError(f"Expected {expected}")

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._data)

    def end(self) -> None:
        """Require that nothing is left."""
        if self._at != len(self._data):
            self.fail("the end of the command")

    def peek(self, token: bytes) -> bool:
        """Whether this token comes next, in any letter case; nothing is taken."""
        end = self._at + len(token)
        return self._data[self._at : end].upper() == token

    def accept(self, token: bytes) -> bool:
        """Take this token, given in upper case, if it comes next."""
        if not self.peek(token):
            return False
        self._at += len(token)
        return True

    def accept_word(self, word: bytes) -> bool:
        """Take this word if it comes next and ends there."""
        end = self._at + len(word)
        return self._data[end : end + 1] in (b"", b" ", b")") and self.accept(word)

    def expect(self, token: bytes) -> None:
        """Require and take this token."""
        if not self.accept(token):
            self.fail(repr(token.decode("ascii")))

    def sp(self) -> None:
        """SP: exactly one space."""
        if not self._data.startswith(b" ", self._at):
            self.fail("a space")
        self._at += 1

    def atom(self) -> bytes:
        """atom"""
        return self._match(_ATOM, "an atom")[0]

    def fetch_name(self) -> bytes:
        """The name of a data item of FETCH, in upper case; a section may follow it."""
        return self._match(_FETCH_NAME, "a data item")[0].upper()

    def astring(self) -> bytes:
        """astring: an atom, quoted or literal string, as its octets."""
        match = _ASTRING.match(self._data, self._at)
        if match is None:
            return self.string()
        self._at = match.end()
        return match[0]

    def string(self) -> bytes:
        """string"""
        if self.peek(b"{"):
            return self.literal()
        return self.quoted()

    def nstring(self) -> bytes | None:
        """nstring: NIL is `None`."""
        if self.accept(b"NIL"):
            return None
        return self.string()

    def quoted(self) -> bytes:
        """quoted: only the quote and the backslash are escaped."""
        text = self._match(_QUOTED, "a string")[1]
        if self._utf8 and not is_utf8(text):
            self.fail("UTF-8 between quotes")
        return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text

    def literal(self) -> bytes:
        """literal, synchronizing or not; it must not contain NUL."""
        octets = self._octets()
        if b"\0" in octets:
            self.fail("a literal without NUL")
        return octets

    def number(self) -> int:
        """number: 32 bits, unsigned."""
        return self._number(0, MAX_NUMBER)

    def nz_number(self) -> int:
        """nz-number"""
        return self._number(1, MAX_NUMBER)

    def number64(self) -> int:
        """number64: 63 bits, unsigned."""
        return self._number(0, MAX_NUMBER64)

    def literal8(self) -> bytes:
        """literal8, which may contain NUL (RFC 3516 §6)."""
        self.expect(b"~")
        return self._octets()

    def announces_message(self) -> bool:
        """Whether all that is left announces the message of an APPEND: append-data."""
        return _APPEND_DATA.fullmatch(self._data, self._at) is not None

    def parenthesized(self, item: Callable[[], T], *, empty: bool = False) -> list[T]:
        """One or more (or, if `empty`, no) items in parentheses, with a space between them."""
        self.expect(b"(")
        items: list[T] = []
        if empty and self.accept(b")"):
            return items
        items.append(item())
        while not self.accept(b")"):
            self.sp()
            items.append(item())
        return items

    def mailbox(self) -> str:
        """mailbox: a name in canonical form."""
        return canonical_name(self.mailbox_as_given())

    def mailbox_as_given(self) -> str:
        """mailbox: a name as the client wrote it; INBOX may be in any letter case.

        ASCII that is not modified UTF-7 is valid syntax, and becomes `NOT_A_NAME`.
        """
        octets = self.astring()
        name = self._name(octets)
        if name is None and not octets.isascii():
            self.fail("a mailbox name in UTF-8")
        return NOT_A_NAME if name is None else name

    def list_mailbox(self) -> str | None:
        """list-mailbox: a name with wildcards; `None` when it cannot match any name."""
        match = _LIST_MAILBOX.match(self._data, self._at)
        if match is None:
            return self._name(self.string())
        self._at = match.end()
        return self._name(match[0])

    def flag(self) -> str:
        """flag"""
        return self._match(_FLAG, "a flag")[0].decode("ascii")

    def flag_list(self) -> list[str]:
        """flag-list"""
        return self.parenthesized(self.flag, empty=True)

    def sequence_set(self) -> SequenceSet:
        """sequence-set, or `$`"""
        if self.accept(b"$"):
            return Saved.RESULT
        ranges = self._match(_SEQUENCE_SET, "a sequence set")[0].split(b",")
        return tuple(self._range(one) for one in ranges)

    def accept_sequence_set(self) -> SequenceSet | None:
        """Take a sequence set if one comes next; nothing else begins with a digit, `*` or `$`."""
        return self.sequence_set() if self._data[self._at : self._at + 1] in _SET_BEGINS else None

    def date(self) -> date:
        """date: quoted or not."""
        quoted = self.accept(b'"')
        match = self._match(_DATE, "a date")
        if quoted:
            self.expect(b'"')
        day, month, year = match.groups()
        try:
            return date(int(year), self._month(month), int(day))
        except ValueError:
            self.fail("a valid date")

    def date_time(self) -> datetime:
        """date-time: always quoted."""
        match = self._match(_DATE_TIME, "a date and time")
        day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = match.groups()
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        try:
            return datetime(
                int(year),
                self._month(month),
                int(day),
                int(hour),
                int(minute),
                int(second),
                tzinfo=timezone(offset if sign == b"+" else -offset),
            )
        except ValueError:
            self.fail("a valid date and time")

    def initial_resp(self) -> bytes:
        """initial-resp, still encoded: the rest of the command."""
        rest = self._data[self._at :]
        self._at = len(self._data)
        return rest

    def _name(self, octets: bytes) -> str | None:
        """Decode a name; non-ASCII octets are UTF-8, enabled or not (RFC 6855 §3)."""
        utf8 = self._utf8 or not octets.isascii()
        try:
            return octets.decode("utf-8") if utf8 else utf7.decode(octets)
        except ValueError:
            return None

    def _range(self, text: bytes) -> Range:
        first, colon, last = text.partition(b":")
        start = self._seq_number(first)
        return start, (self._seq_number(last) if colon else start)

    def _seq_number(self, text: bytes) -> int | None:
        if text == b"*":
            return None
        number = int(text)
        if not 1 <= number <= MAX_NUMBER:
            self.fail(f"a number from 1 to {MAX_NUMBER}")
        return number

    def _month(self, name: bytes) -> int:
        return MONTHS.index(name.title()) + 1

    def _number(self, least: int, most: int) -> int:
        number = int(self._match(_NUMBER, "a number")[0])
        if not least <= number <= most:
            self.fail(f"a number from {least} to {most}")
        return number

    def _octets(self) -> bytes:
        size = int(self._match(_LITERAL, "a literal")[1])
        start = self._at
        self._at += size
        if self._at > len(self._data):
            self.fail("the whole literal")
        return self._data[start : self._at]

    def _match(self, rule: re.Pattern[bytes], expected: str) -> re.Match[bytes]:
        match = rule.match(self._data, self._at)
        if match is None:
            self.fail(expected)
        self._at = match.end()
        return match
