"""Modified UTF-7, the encoding of mailbox names in IMAP4rev1 (RFC 3501 §5.1.3, RFC 9051 §A.1)."""

import binascii
import re

_TO_SHIFT = re.compile(r"&|[^\x20-\x7e]+")
_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_CLEAR = re.compile(rb"[\x20-\x25\x27-\x7e]*")


class InvalidUtf7(ValueError):
    """The octets are not modified UTF-7."""


def encode(name: str) -> bytes:
    """Encode a name; a lone surrogate raises `UnicodeEncodeError`."""
    if name.isascii() and "&" not in name and name.isprintable():
        return name.encode("ascii")
    return _TO_SHIFT.sub(lambda match: _shifted(match[0]), name).encode("ascii")


def decode(octets: bytes) -> str:
    """Decode a name; raises `InvalidUtf7`."""
    parts = []
    at = 0
    while True:
        clear = _CLEAR.match(octets, at)
        assert clear is not None, "the pattern matches nothing, too"
        parts.append(clear[0].decode("ascii"))
        at = clear.end()
        if at == len(octets):
            return "".join(parts)
        shifted = _SHIFTED.match(octets, at)
        if shifted is None:
            raise InvalidUtf7
        parts.append(_unshifted(shifted[1]))
        at = shifted.end()


def _shifted(text: str) -> str:
    if text == "&":
        return "&-"
    base64 = binascii.b2a_base64(text.encode("utf-16-be"), newline=False)
    return f"&{base64.decode('ascii').rstrip('=').replace('/', ',')}-"


def _unshifted(base64: bytes) -> str:
    if not base64:
        return "&"
    padded = base64.replace(b",", b"/") + b"=" * (-len(base64) % 4)
    try:
        text = binascii.a2b_base64(padded, strict_mode=True).decode("utf-16-be")
    except ValueError:
        raise InvalidUtf7 from None
    if any("\x20" <= character <= "\x7e" for character in text):
        raise InvalidUtf7
    return text
