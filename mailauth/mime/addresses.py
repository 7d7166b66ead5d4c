"""Address lists as ENVELOPE shows them (RFC 5322 §3.4, §4.4; RFC 3501 §7.4.2).

Nothing is refused. Text that is not an address keeps its place: a single word becomes a mailbox
with an empty host, since a host of NIL would make it a group.
"""

import enum
import re
from collections.abc import Iterator

import msgspec

STEP_TOKENS = 2_000  # read in one step

_TOKEN = re.compile(
    rb'[ \t\r\n\0]++|(?P<word>[^ \t\r\n\0"\[()<>,:;@]++|\[(?:[^\]\\]|\\.)*+\]?)'
    rb'|"(?P<quoted>(?:[^"\\]|\\.)*+)\\?"?|(?P<comment>\()|(?P<special>[)<>,:;@])',
    re.DOTALL,
)
_IN_COMMENT = re.compile(rb"\\.|[()]", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.?)", re.DOTALL)


class Address(msgspec.Struct, frozen=True, gc=False):
    """An address structure; `None` is NIL. A host of NIL begins or ends a group."""

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


class Kind(enum.Enum):
    """The kind of a token."""

    WORD = enum.auto()
    COMMENT = enum.auto()
    SPECIAL = enum.auto()
    PAUSE = enum.auto()  # not a token: the end of a step


END_OF_GROUP = Address(None, None, None, None)


def addresses(value: bytes) -> Iterator[list[Address]]:
    """Parse the value of an address field; only long values are returned in several lists."""
    return _List(value).read()


class _List:
    """Parses one field: words are collected until a special character determines their role."""

    def __init__(self, value: bytes) -> None:
        self._found: list[Address] = []
        self._in_group = False
        self._tokens = _tokens(value)
        self._words: list[bytes] = []
        self._domain: list[bytes] | None = None  # the words after an `@` without brackets
        self._angle: Address | None = None
        self._comment: bytes | None = None

    def read(self) -> Iterator[list[Address]]:
        """Parse the whole value."""
        for kind, text in self._tokens:
            if kind is Kind.SPECIAL:
                if text == b"<" and self._angle is None:
                    yield from self._read_angle()
                else:
                    self._special(text)
            elif kind is Kind.COMMENT:
                self._comment = text
            elif kind is Kind.PAUSE:
                yield self._taken()
            elif self._domain is not None:
                self._domain.append(text)
            elif self._angle is None:
                self._words.append(text)
        self._end()
        self._end_group()
        yield self._found

    def _taken(self) -> list[Address]:
        found, self._found = self._found, []
        return found

    def _special(self, character: bytes) -> None:
        """Handle a special character; misplaced brackets and colons are ignored."""
        if character == b",":
            self._end()
        elif character == b";":
            self._end()
            self._end_group()
        elif character == b"@" and self._domain is None:
            self._domain = []
        elif character == b":" and self._words and self._domain is None and not self._in_group:
            self._found.append(Address(None, None, b" ".join(self._words), None))
            self._in_group = True
            self._reset()

    def _read_angle(self) -> Iterator[list[Address]]:
        """Parse `<@route:mailbox@host>`; without a closing bracket, a comma ends it."""
        route: bytes | None = None
        ending = b""
        parts: list[list[bytes]] = [[]]  # the words between the `@`
        for kind, text in self._tokens:
            if kind is Kind.WORD:
                parts[-1].append(text)
            elif kind is Kind.PAUSE:
                yield self._taken()
            elif text == b">" or (text == b"," and not _is_route(parts)):
                ending = text
                break
            elif text == b"@":
                parts.append([])
            elif text == b"," and route is None:
                parts[-1].append(text)
            elif text == b":" and _is_route(parts):
                route = b"@".join(b"".join(part) for part in parts)
                parts = [[]]
        host = _glued(parts.pop()) if len(parts) > 1 else []
        mailbox = b"@".join(
            [b" ".join(_glued(part)) if len(part) > 1 else b"".join(part) for part in parts]
        )
        self._angle = Address(None, route, mailbox, b" ".join(host))
        if ending == b",":
            self._end()

    def _end(self) -> None:
        """End the current address, if there is one."""
        words = _glued(self._words)
        if self._angle is not None:
            name = b" ".join(self._words) or self._comment
            angle = self._angle
            self._found.append(Address(name, angle.route, angle.mailbox, angle.host))
        elif self._domain is not None:
            name = b" ".join(words[:-1]) or self._comment
            mailbox = words[-1] if words else b""
            host = _glued(self._domain)
            self._found.append(Address(name, None, mailbox, host[0] if host else b""))
        elif len(words) == 1:
            self._found.append(Address(self._comment, None, words[0], b""))
        elif words:
            self._found.append(Address(b" ".join(self._words), None, b"", b""))
        self._reset()

    def _end_group(self) -> None:
        if self._in_group:
            self._found.append(END_OF_GROUP)
            self._in_group = False

    def _reset(self) -> None:
        self._words = []
        self._domain = self._angle = self._comment = None


def _is_route(parts: list[list[bytes]]) -> bool:
    """Return whether these words begin with an `@`, as a source route does."""
    return len(parts) > 1 and not parts[0]


def _glued(words: list[bytes]) -> list[bytes]:
    """Join words around dots (RFC 5322 §4.4 allows spaces there)."""
    if len(words) < 2 or not any(word.startswith(b".") or word.endswith(b".") for word in words):
        return words
    runs: list[list[bytes]] = []
    for word in words:
        if runs and (word.startswith(b".") or runs[-1][-1].endswith(b".")):
            runs[-1].append(word)
        else:
            runs.append([word])
    return [b"".join(run) for run in runs]


def _tokens(value: bytes) -> Iterator[tuple[Kind, bytes]]:
    """Yield words, comments and special characters; quoted strings are unquoted words."""
    at = 0
    left = STEP_TOKENS
    while at < len(value):
        match = _TOKEN.match(value, at)
        assert match is not None
        at = match.end()
        left -= 1
        if not left:
            left = STEP_TOKENS
            yield Kind.PAUSE, b""
        match match.lastgroup:
            case "word":
                yield Kind.WORD, match[0]
            case "quoted":
                yield Kind.WORD, _ESCAPED.sub(rb"\1", match["quoted"])
            case "special":
                yield Kind.SPECIAL, match[0]
            case "comment":
                comment, at = _comment(value, at)
                yield Kind.COMMENT, comment


def _comment(value: bytes, at: int) -> tuple[bytes, int]:
    """Return the text and end of an opened comment; comments may nest."""
    depth = 1
    for match in _IN_COMMENT.finditer(value, at):
        if match[0] == b"(":
            depth += 1
        elif match[0] == b")":
            depth -= 1
            if depth == 0:
                return _ESCAPED.sub(rb"\1", value[at : match.start()]), match.end()
    return _ESCAPED.sub(rb"\1", value[at:]), len(value)
