"""Downgrades messages for clients without UTF-8 header fields (RFC 6856 §2.1, RFC 6858 §2).

Text is encoded in ASCII by encoded words (RFC 2047) and encoded parameters (RFC 2231). An address
that is not ASCII becomes the name of an empty group: it can be read, but not replied to. Other
structured fields that require UTF-8 are left out. The headers of parts and enclosed messages are
downgraded, too; bodies do not change.
"""

import base64
import re
from collections.abc import Iterator
from email.utils import getaddresses
from urllib.parse import quote

from mailauth.mime.parts import Part, parsing
from mailauth.wire.work import PAUSE, Work

_ADDRESS_FIELDS = frozenset(
    b"from sender reply-to to cc bcc resent-from resent-sender resent-to resent-cc".split()
)
_PARAMETER_FIELDS = frozenset({b"content-type", b"content-disposition"})
_LEFT_OUT = frozenset(b"return-path received message-id in-reply-to references date".split())
_ENCODED_OCTETS = 42  # encoded in one encoded word, which has at most 75 characters (RFC 2047 §2)
_LONGEST_FIELD = 16_384  # octets of a field that is downgraded; a longer one is left out
_LONGEST_PARAMETER = 900  # of a line's 998 octets (RFC 5322 §2.1.1); a longer one is left out

STEP_OCTETS = 1_048_576  # searched for the end of a field in one step
_STEP_LINES = 10_000  # read in one step
_LONG_FIELD = 1_024  # octets of a field that takes as long as many others

_LINE_ENDING = re.compile(rb"\r\n(?![ \t])")  # of a field
_PARAMETER = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?|([^;]*+))', re.DOTALL)


def surrogate(content: bytes) -> Work[bytes]:
    """Return the message with all headers in ASCII: the same object, when they are."""
    if content.isascii():
        return content
    pieces: list[bytes] = []
    done = 0
    message = yield from parsing(content)
    for part in message.walk():  # the message's own header, and those of what is in it
        end = _end_of_header(part)
        header = yield from _in_ascii(content, part.start, end)
        if header is not None:
            pieces += (content[done : part.start], header)
            done = end
        yield PAUSE
    return b"".join((*pieces, content[done:])) if pieces else content


def _end_of_header(part: Part) -> int:
    """Return the offset of the line ending before the blank line or delimiter."""
    if part.data.startswith(b"\r\n", part.start):
        return part.start
    for blank in (b"\r\n\r\n", b"\n\r\n"):
        if part.data.endswith(blank, part.start, part.body):
            return part.body - len(blank)
    return part.body


def _end_of_field(content: bytes, at: int, end: int) -> Work[int]:
    """Return the offset of the line ending of a field, in a header that ends at `end`."""
    while True:
        stop = min(at + STEP_OCTETS, end)
        line = _LINE_ENDING.search(content, at, stop)
        if line is not None and (stop == end or line.end() < stop):
            return line.start()
        if stop == end:
            return end
        at = stop - 2  # the line may be continued
        yield PAUSE


def _in_ascii(content: bytes, start: int, end: int) -> Work[bytes | None]:
    """Return a header in ASCII, or `None` when it is unchanged."""
    if content[start:end].isascii():
        return None
    kept: list[bytes] = []
    field = run = start  # `run` begins a run of unchanged fields
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
    except RecursionError:  # the library recurses into comments and routes
        return None
    return name + b": " + written.encode("ascii")


def _parameter(match: re.Match[str]) -> str:
    """Return a parameter unchanged, with its value encoded (RFC 2231 §4), or empty."""
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
    """Split a text between characters into pieces that each fit an encoded word."""
    piece = b""
    for character in text:
        octets = character.encode()
        if len(piece) + len(octets) > _ENCODED_OCTETS:
            yield piece
            piece = b""
        piece += octets
    yield piece
