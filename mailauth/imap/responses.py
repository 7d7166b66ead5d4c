"""What a server says, octet for octet (RFC 9051 §7 and §9)."""

import re

CRLF = b"\r\n"

_QUOTABLE = re.compile(rb"[^\x00-\x1f\x7f-\xff]{0,1024}")  # 7-bit text: anything else is a literal
_SPECIAL = re.compile(rb'(["\\])')


def status(tag: bytes, condition: bytes, text: str, code: str | None = None) -> bytes:
    """A status response: `tag OK [CODE] text`; the tag is `*` for an untagged one."""
    human = text.encode("ascii", "replace")
    if code is None:
        return b"%b %b %b\r\n" % (tag, condition, human)
    return b"%b %b [%b] %b\r\n" % (tag, condition, code.encode("ascii"), human)


def bye(text: str, code: str | None = None) -> bytes:
    """`* BYE`: the connection is about to be closed."""
    return status(b"*", b"BYE", text, code)


def string(value: bytes) -> bytes:
    """A string: quoted where it may be, else a literal."""
    if _QUOTABLE.fullmatch(value):
        return b'"%b"' % _SPECIAL.sub(rb"\\\1", value)
    return b"{%d}\r\n%b" % (len(value), value)


def nstring(value: bytes | None) -> bytes:
    """A string, or NIL."""
    return b"NIL" if value is None else string(value)
