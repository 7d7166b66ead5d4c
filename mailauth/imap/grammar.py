"""The formal syntax of IMAP (RFC 9051 §9, RFC 3501 §9), one method per rule, named like the rule.

A command is parsed from its octets as they came: `{5}` CRLF and the five octets after it stand in
it as they are. A rule takes what it matches from the front, or raises `ParseError`.
"""

import re
from typing import NoReturn

from mailauth.imap.errors import ParseError

MAX_NUMBER = 2**32 - 1
MAX_NUMBER64 = 2**63 - 1

_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_ASTRING = re.compile(rb'[^\x00-\x20(){%*"\\\x7f]+')  # 8-bit names and passwords come as atoms too
_QUOTED = re.compile(rb'"((?:[^"\\\x00\r\n]|\\["\\])*)"')
_ESCAPED = re.compile(rb"\\(.)")
_LITERAL = re.compile(rb"\{(\d{1,20})\+?\}\r?\n")
_NUMBER = re.compile(rb"\d{1,20}")


class Parser:
    """The rest of a command, its line ending taken off."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self._at = at

    def fail(self, expected: str) -> NoReturn:
        """Raise `ParseError`, saying what was expected."""
        raise ParseError(f"Expected {expected}")

    def at_end(self) -> bool:
        """Whether nothing is left."""
        return self._at == len(self._data)

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            self.fail("the end of the command")

    def peek(self, token: bytes) -> bool:
        """Whether this token comes next, letter case apart; nothing is taken."""
        end = self._at + len(token)
        return self._data[self._at : end].upper() == token

    def accept(self, token: bytes) -> bool:
        """Take this token if it comes next; it is given in upper case."""
        if not self.peek(token):
            return False
        self._at += len(token)
        return True

    def expect(self, token: bytes) -> None:
        """This token must come next."""
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
        return _ESCAPED.sub(rb"\1", text) if b"\\" in text else text

    def literal(self) -> bytes:
        """literal: the octets announced, in whichever way they were; none is NUL."""
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

    def initial_resp(self) -> bytes:
        """initial-resp, still encoded: whatever stands to the end of the command."""
        rest = self._data[self._at :]
        self._at = len(self._data)
        return rest

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
