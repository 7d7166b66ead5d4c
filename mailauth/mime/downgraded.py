"""Messages for clients that know no UTF-8 in header fields (RFC 6856 §2.1, after RFC 6858 §2).

What can be said in ASCII is, by encoded words (RFC 2047) and encoded parameters (RFC 2231). An
address that cannot be is named in an empty group: it can be read, and not be replied to. Other
structured fields that need UTF-8 are left out. It is so in the headers of parts and of enclosed
messages, too; what is no header is as it was.
"""

import base64
import re
from collections.abc import Iterator
from email.utils import getaddresses
from urllib.parse import quote

from mailauth.wire.work import PAUSE, Work

_ADDRESS_FIELDS = frozenset(
    b"from sender reply-to to cc bcc resent-from resent-sender resent-to resent-cc".split()
)
_PARAMETER_FIELDS = frozenset({b"content-type", b"content-disposition"})
_LEFT_OUT = frozenset(b"return-path received message-id in-reply-to references date".split())
_ENCODED_OCTETS = 42  # in one encoded word, which has at most 75 (RFC 2047 §2)
_LONGEST_FIELD = 16_384  # octets of a field that is looked into; a longer one is left out
_LONGEST_HEADER = 262_144  # octets of a header in which a Content-Type is looked for
_LONGEST_PARAMETER = 900  # of a line's 998 octets (RFC 5322 §2.1.1); a longer one is left out

STEP_OCTETS = 1_048_576  # in which the end of a header is looked for in one go
_STEP_LINES = 10_000  # looked at in one go
_LONG_FIELD = 1_024  # octets of a field that takes as long as many others

_LINE_ENDING = re.compile(rb"\r\n(?![ \t])")  # of a field
_END_OF_HEADER = re.compile(rb"\r\n(?:\r\n|--)")  # a delimiter may come before the blank line
_CONTENT_TYPE = re.compile(rb"(?i)(?:\A|\n)content-type[ \t]*:((?:[^\r\n]++|\r\n[ \t])*+)")
_BOUNDARY = re.compile(rb'(?i);\s*+boundary\s*+=\s*+(?:"((?:[^"\\]|\\.)++)|([^\s;"]++))')
_ENCLOSES = re.compile(rb"(?i)\s*message\s*/\s*(?:rfc822|global)\s*(?:;|\Z)")
_ESCAPED = re.compile(rb"\\(.)")
_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))', re.DOTALL)


def surrogate(content: bytes) -> Work[bytes]:
    """Return the message with all headers in ASCII: the same object, when they are."""
    if content.isascii():
        return content
    pieces: list[bytes] = []
    done = start = 0
    boundaries: set[bytes] = set()
    while start >= 0:  # the message's own header, and those of what is in it, in one pass
        end = yield from _end_of_header(content, start)
        header = yield from _in_ascii(content, start, end)
        if header is not None:
            pieces += (content[done:start], header)
            done = end
        value = _content_type(content[start : min(end, start + _LONGEST_HEADER)])
        if boundary := _BOUNDARY.search(value):
            boundaries.add(_ESCAPED.sub(rb"\1", boundary[1] or boundary[2]).rstrip(b" \t"))
        if _ENCLOSES.match(value) and content.startswith(b"\r\n\r\n", end):
            start = end + 4
            yield PAUSE
        else:
            start = yield from _next_part(content, end, boundaries)
    return b"".join((*pieces, content[done:])) if pieces else content


def _end_of_header(content: bytes, start: int) -> Work[int]:
    """Where the line ending stands that is followed by a blank line, or by a delimiter."""
    if content.startswith(b"\r\n", start):
        return start
    for at in range(start, len(content), STEP_OCTETS):
        if at > start:
            yield PAUSE
        stop = _END_OF_HEADER.search(content, at, at + STEP_OCTETS + 3)
        if stop is not None:
            return stop.start()
    return len(content)


def _content_type(header: bytes) -> bytes:
    match = _CONTENT_TYPE.search(header)
    return b"" if match is None else match[1].replace(b"\r\n", b"")


def _next_part(content: bytes, at: int, boundaries: set[bytes]) -> Work[int]:
    """Where the part behind the next delimiter begins; -1 if there is none."""
    lines = 0
    while boundaries and at < len(content):
        beyond = at + STEP_OCTETS
        at = content.find(b"\r\n--", at, beyond + 3)
        if at < 0:
            at = beyond
            yield PAUSE
            continue
        end = content.find(b"\r\n", at + 4)
        if end < 0:
            return -1
        if content[at + 4 : end].rstrip(b" \t") in boundaries:
            yield PAUSE
            return end + 2
        at = end
        lines += 1
        if lines % _STEP_LINES == 0:
            yield PAUSE
    return -1


def _end_of_field(content: bytes, at: int, end: int) -> Work[int]:
    """Where the line ending stands that ends a field of a header that ends at `end`."""
    while True:
        stop = min(at + STEP_OCTETS, end)
        line = _LINE_ENDING.search(content, at, stop)
        if line is not None and (stop == end or line.end() < stop):
            return line.start()
        if stop == end:
            return end
        at = stop - 2  # the line may go on behind
        yield PAUSE


def _in_ascii(content: bytes, start: int, end: int) -> Work[bytes | None]:
    """A header in ASCII, or `None` when it was."""
    if content[start:end].isascii():
        return None
    kept: list[bytes] = []
    field = run = start  # a run of fields stays as it is
    fields = 0
    while field <= end:
        field_end = yield from _end_of_field(content, field, end)
        text = content[field:field_end]
        fields += 1
        if not text.isascii():
            if run < field:
                kept.append(content[run : field - 2])
            written = _field(text)
            if written is not None:
                kept.append(written)
            run = field_end + 2
        if fields % _STEP_LINES == 0 or len(text) > _LONG_FIELD:
            yield PAUSE
        field = field_end + 2
    if run <= end:
        kept.append(content[run:end])
    return b"\r\n".join(kept)


def _field(field: bytes) -> bytes | None:
    if field.isascii():
        return field
    name, _, value = field.partition(b":")
    if not name.isascii() or name.strip().lower() in _LEFT_OUT or len(field) > _LONGEST_FIELD:
        return None
    text = _text(value).replace("\r\n", "").strip()
    kind = name.strip().lower()
    if kind in _PARAMETER_FIELDS:
        written = _PARAMETER.sub(_parameter, text)
        return name + b": " + written.encode("ascii") if written.isascii() else None
    try:
        written = _addresses(text) if kind in _ADDRESS_FIELDS else _encoded(text)
    except RecursionError:  # the library descends into each comment and route
        return None
    return name + b": " + written.encode("ascii")


def _parameter(match: re.Match[str]) -> str:
    """A parameter as it is, or with its value encoded (RFC 2231 §4), or nothing."""
    if match[0].isascii():
        return match[0]
    name, quoted, plain = match.groups()
    value = plain.strip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    encoded = f"{name.removesuffix('*')}*=utf-8''{quote(value, safe='')}"
    return f";\r\n {encoded}" if name.isascii() and len(encoded) <= _LONGEST_PARAMETER else ""


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _addresses(text: str) -> str:
    return ",\r\n ".join(_address(name, address) for name, address in getaddresses([text]))


def _address(name: str, address: str) -> str:
    if not address.isascii():
        return f"{_encoded(f'{name} {address}'.strip())} :;"
    return f"{_encoded(name)} <{address}>" if name else f"<{address}>"


def _encoded(text: str) -> str:
    return "\r\n ".join(
        f"=?utf-8?b?{base64.b64encode(piece).decode('ascii')}?=" for piece in _pieces(text)
    )


def _pieces(text: str) -> Iterator[bytes]:
    """Cut a text between characters, into pieces that fit an encoded word each."""
    piece = b""
    for character in text:
        octets = character.encode()
        if len(piece) + len(octets) > _ENCODED_OCTETS:
            yield piece
            piece = b""
        piece += octets
    yield piece
