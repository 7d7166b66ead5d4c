"""Messages for clients that know no UTF-8 in header fields (RFC 6856 §2.1, after RFC 6858 §2).

What can be said in ASCII is, by encoded words (RFC 2047). An address that cannot be is named in an
empty group: it can be read, and not be replied to. Other structured fields that need UTF-8 are left
out. The body is as it was.
"""

import base64
import re
from collections.abc import Iterator
from email.utils import getaddresses

_ADDRESS_FIELDS = frozenset(
    b"from sender reply-to to cc bcc resent-from resent-sender resent-to resent-cc".split()
)
_LEFT_OUT = frozenset(b"return-path received message-id in-reply-to references date".split())
_ENCODED_OCTETS = 42  # in one encoded word, which has at most 75 (RFC 2047 §2)
_LONGEST_FIELD = 16_384  # octets of a field that is looked into; a longer one is left out

_FIELDS = re.compile(rb"\r\n(?![ \t])")


def surrogate(content: bytes) -> bytes:
    """Return the message with a header in ASCII: the same object, when it has one."""
    end = content.find(b"\r\n\r\n")
    header = content if end < 0 else content[:end]
    if header.isascii():
        return content
    fields = [_field(field) for field in _FIELDS.split(header)]
    return b"\r\n".join(field for field in fields if field is not None) + content[len(header) :]


def _field(field: bytes) -> bytes | None:
    if field.isascii():
        return field
    name, _, value = field.partition(b":")
    if not name.isascii() or name.strip().lower() in _LEFT_OUT or len(field) > _LONGEST_FIELD:
        return None
    text = _text(value).replace("\r\n", "").strip()
    try:
        written = _addresses(text) if name.strip().lower() in _ADDRESS_FIELDS else _encoded(text)
    except RecursionError:  # the library descends into each comment and route
        return None
    return name + b": " + written.encode("ascii")


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
