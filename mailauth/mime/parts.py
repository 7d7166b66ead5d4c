"""The parts of a message (RFC 2045, RFC 2046): their bounds and media types.

Parsing takes one pass and never fails: a malformed message only has fewer parts. Lines must end in
CRLF. The number and depth of parts and the octets read of headers are bounded, and a long pass
pauses between steps.
"""

import re
from collections.abc import Iterator
from functools import cached_property

import msgspec

from mailauth.wire.work import PAUSE, Work, done

MAX_PARTS = 10_000
MAX_DEPTH = 100
MAX_HEADER = 262_144  # octets of one header that are read for media type and ENVELOPE
MAX_HEADERS = 524_288  # octets of all headers of a message that are read
MAX_CANDIDATES = 300_000  # lines that may be delimiters; each costs a microsecond
MAX_BOUNDARY = 200  # octets; RFC 2046 §5.1.1 allows 70
MAX_PARAMETERS = 200
STEP_CANDIDATES = 10_000  # examined in one step
_PART_CANDIDATES = 20  # that could be examined in the time that a part takes

_FIELDS = re.compile(
    rb"\n(content-(?:type|transfer-encoding|id|description|disposition|language|location|md5)"
    rb"|date|subject|from|sender|reply-to|to|cc|bcc|in-reply-to|message-id)"
    rb"[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE,
)
_LINE_ENDING = re.compile(rb"\r?\n")
_HEADER_STOP = re.compile(rb"\n(?:\r\n|--)")
_MEDIA_TYPE = re.compile(rb"\s*([^\s/;()]+)\s*/\s*([^\s/;()]+)")
_PARAMETER = re.compile(
    rb";\s*+([^\s=;\"]++)\s*+=\s*+"
    rb'(?:"((?:[^"\\]|\\.)*+)"?|((?:[^;\s]++|[ \t]++(?=[^;\s(]))*+))',
    re.DOTALL,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class MediaType(msgspec.Struct, frozen=True):
    """A Content-Type; type, subtype and parameter names are in upper case."""

    type: bytes
    subtype: bytes
    parameters: tuple[tuple[bytes, bytes], ...] = ()

    def parameter(self, name: bytes) -> bytes | None:
        """Return the value of the first parameter of this name, given in upper case."""
        return next((value for key, value in self.parameters if key == name), None)

    @property
    def is_multipart(self) -> bool:
        """Whether it is a multipart."""
        return self.type == b"MULTIPART"

    @property
    def is_message(self) -> bool:
        """Whether it encloses a message (RFC 9051 §9, media-message)."""
        return self.type == b"MESSAGE" and self.subtype in (b"RFC822", b"GLOBAL")


UNSPECIFIED = MediaType(b"TEXT", b"PLAIN", ((b"CHARSET", b"us-ascii"),))  # RFC 2045 §5.2
IN_DIGEST = MediaType(b"MESSAGE", b"RFC822")  # RFC 2046 §5.1.5
TOO_DEEP = MediaType(b"APPLICATION", b"OCTET-STREAM")


class Part:
    """A part of a message, or a whole message: offsets of its header and body.

    A multipart has at least one of `children`. A part of type message has a `message`.
    """

    def __init__(self, data: bytes, start: int) -> None:
        self.data = data
        self.start = start
        self.body = self.end = len(data)
        self.looked_at = start  # the header is read up to here
        self.media_type = UNSPECIFIED
        self.children: list[Part] = []
        self.message: Part | None = None

    @property
    def header(self) -> bytes:
        """The header, including the blank line."""
        return self.data[self.start : self.body]

    def beginning(self, octets: int) -> bytes:
        """Return at most the first `octets` of the header."""
        return self.data[self.start : min(self.body, self.start + octets)]

    @property
    def text(self) -> bytes:
        """The body."""
        return self.data[self.body : self.end]

    @property
    def size(self) -> int:
        """The size of the body in octets."""
        return self.end - self.body

    def walk(self) -> Iterator["Part"]:
        """Yield this part and all parts in it, in order."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))
            if part.message is not None:
                waiting.append(part.message)

    @cached_property
    def fields(self) -> dict[bytes, bytes]:
        """The fields for ENVELOPE and BODYSTRUCTURE: the first of each name, unfolded."""
        return fields(self.data[self.start : self.looked_at])


def fields(header: bytes) -> dict[bytes, bytes]:
    """Return the fields of a header as in `Part.fields`."""
    found: dict[bytes, bytes] = {}
    for name, value in _FIELDS.findall(b"\n" + header):
        found.setdefault(name.lower(), unfolded(value))
    return found


def unfolded(value: bytes) -> bytes:
    """Return a field's value unfolded (RFC 5322 §2.2.3) and stripped."""
    if b"\n" in value:
        value = _LINE_ENDING.sub(b"", value)
    return value.strip(b" \t\r")


def media_type(value: bytes) -> MediaType:
    """Parse a Content-Type; the default is plain text."""
    match = _MEDIA_TYPE.match(value)
    if match is None:
        return UNSPECIFIED
    return MediaType(match[1].upper(), match[2].upper(), parameters(value))


def parameters(value: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Parse the parameters of a Content-Type or Content-Disposition; names in upper case."""
    found = []
    for match in _PARAMETER.finditer(value):
        name, quoted, plain = match.groups()
        found.append((name.upper(), plain if quoted is None else _ESCAPED.sub(rb"\1", quoted)))
        if len(found) == MAX_PARAMETERS:
            break
    return tuple(found)


def parse(data: bytes) -> Part:
    """Parse a message into parts."""
    return done(parsing(data))


def parsing(data: bytes) -> Work[Part]:
    """Parse a message into parts, step by step."""
    message = Part(data, 0)
    yield from _Walk(data).through(message)
    return message


class _Walk:
    """One pass over a message, which reads every octet once however deep parts are nested."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._open: list[Part] = []  # from the message down to the current part
        self._boundaries: dict[bytes, int] = {}  # to the index in `_open` of the multipart
        self._parts = 0
        self._candidates = 0
        self._step = 0  # candidates examined in this step, or equivalent work
        self._budget = MAX_HEADERS

    def through(self, message: Part) -> Work[None]:
        """Parse `message`, which spans all of the data."""
        at = yield from self._begin(message, UNSPECIFIED)
        while self._boundaries and (at := self._data.find(b"\n--", at)) >= 0:
            delimiter = self._delimiter(at + 3)
            if delimiter is None:
                at += 3
                if self._step >= STEP_CANDIDATES:
                    yield self._pause()
            elif self._parts >= MAX_PARTS:
                break
            else:
                at = yield from self._delimited(at, *delimiter)
        self._close(0, len(self._data))

    def _pause(self) -> bytes:
        self._step = 0
        return PAUSE

    def _begin(self, part: Part, default: MediaType) -> Work[int]:
        """Open a part and its enclosed messages; return the end of the line to continue at."""
        while True:
            self._parts += 1
            self._step += _PART_CANDIDATES
            if self._step >= STEP_CANDIDATES:
                yield self._pause()
            self._open.append(part)
            cut = yield from self._header(part)
            length = min(part.body - part.start, MAX_HEADER, self._budget)
            self._budget -= length
            part.looked_at = part.start + length
            value = part.fields.get(b"content-type")
            kind = default if value is None else media_type(value)
            if len(self._open) >= MAX_DEPTH and (kind.is_multipart or kind.is_message):
                kind = TOO_DEEP
            part.media_type = kind
            if kind.is_multipart and cut is None:
                boundary = (kind.parameter(b"BOUNDARY") or b"").rstrip(b" \t\r")
                if 0 < len(boundary) <= MAX_BOUNDARY:
                    self._boundaries.setdefault(boundary, len(self._open) - 1)
            if kind.is_message:
                part.message = Part(self._data, part.body)
            if cut is not None:
                self._open_empty(part.message)
                return cut
            if part.message is None:
                return max(part.body - 1, 0)
            part, default = part.message, UNSPECIFIED

    def _open_empty(self, message: Part | None) -> None:
        """Open an enclosed message that has no octets."""
        if message is not None:
            self._parts += 1
            message.body = message.start
            self._open.append(message)

    def _header(self, part: Part) -> Work[int | None]:
        """Find the end of a header; return the offset of a delimiter that cuts it off."""
        data = self._data
        if data.startswith(b"\r\n", part.start):
            part.body = part.start + 2
            return None
        at = max(part.start - 1, 0)
        while self._boundaries and (stop := _HEADER_STOP.search(data, at)):
            if stop[0] == b"\n\r\n":
                part.body = stop.end()
                return None
            if self._delimiter(stop.end()) is not None:
                part.body = max(part.start, self._before(stop.start()))
                return stop.start()
            at = stop.end()
            if self._step >= STEP_CANDIDATES:
                yield self._pause()
        blank = data.find(b"\n\r\n", at)
        if blank >= 0:
            part.body = blank + 3
        return None

    def _before(self, at: int) -> int:
        """Return the start of the line ending at `at`, which belongs to the delimiter."""
        return at - 1 if at and self._data[at - 1] == 13 else at

    def _delimiter(self, at: int) -> tuple[int, bool] | None:
        """Return which multipart the line at `at` delimits, and whether it closes it."""
        self._candidates += 1
        self._step += 1
        if self._candidates > MAX_CANDIDATES:
            self._boundaries.clear()
            return None
        end = self._data.find(b"\n", at, at + 2 * MAX_BOUNDARY)
        if end < 0:
            end = len(self._data)
            if end - at > 2 * MAX_BOUNDARY:
                return None
        line = self._data[at:end].rstrip(b" \t\r")
        level = self._boundaries.get(line)
        if level is not None:
            return level, False
        if not line.endswith(b"--"):
            return None
        level = self._boundaries.get(line[:-2])
        return None if level is None else (level, True)

    def _delimited(self, at: int, level: int, closing: bool) -> Work[int]:
        """At a delimiter, end the part before it and begin the part after it."""
        self._close(level + 1, self._before(at))
        start = self._data.find(b"\n", at + 1) + 1 or len(self._data)
        if closing:
            self._boundaries = {b: n for b, n in self._boundaries.items() if n < level}
            return start - 1
        multipart = self._open[level]
        child = Part(self._data, start)
        multipart.children.append(child)
        in_digest = multipart.media_type.subtype == b"DIGEST"
        return (yield from self._begin(child, IN_DIGEST if in_digest else UNSPECIFIED))

    def _close(self, level: int, end: int) -> None:
        """End the open parts from this index on."""
        for part in self._open[level:]:
            part.end = max(part.body, end)
            if part.media_type.is_multipart and not part.children:
                empty = Part(self._data, part.end)
                empty.body = empty.end = part.end
                part.children.append(empty)
        del self._open[level:]
        self._boundaries = {b: n for b, n in self._boundaries.items() if n < level}
