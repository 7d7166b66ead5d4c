"""Encodes responses (RFC 9051 §7 and §9)."""

import functools
import re
from collections.abc import Iterable

from mailauth.mailbox.message import SYSTEM_FLAGS
from mailauth.wire import utf7

_QUOTABLE = re.compile(rb"[^\x00-\x1f\x7f-\xff]{0,1024}")  # 7-bit text: anything else is a literal
_ATOM = re.compile(rb"[A-Za-z0-9._-]+")
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
    """A string: quoted if possible, otherwise a literal."""
    if _QUOTABLE.fullmatch(value):
        return b'"%b"' % _SPECIAL.sub(rb"\\\1", value)
    return b"{%d}\r\n%b" % (len(value), value)


def astring(value: bytes) -> bytes:
    """An astring: an atom if possible, otherwise a string."""
    return value if _ATOM.fullmatch(value) else string(value)


def nstring(value: bytes | None) -> bytes:
    """A string, or NIL."""
    return b"NIL" if value is None else string(value)


def mailbox(name: str, *, utf8: bool) -> bytes:
    """The name of a mailbox: in modified UTF-7 unless the client has enabled UTF-8."""
    if not utf8:
        return string(utf7.encode(name))
    return b'"%b"' % _SPECIAL.sub(rb"\\\1", name.encode("utf-8"))


@functools.lru_cache(maxsize=4096)
def flags(flags: frozenset[str], *, recent: bool = False) -> bytes:
    """A flag list: system flags first, then keywords by name."""
    system = [flag for flag in SYSTEM_FLAGS if flag in flags]
    keywords = sorted(flags.difference(SYSTEM_FLAGS))
    shown = [*system, *(("\\Recent",) if recent else ()), *keywords]
    return b"(%b)" % " ".join(shown).encode("ascii")


def flag_list(keywords: Iterable[str]) -> bytes:
    """The list of all flags that a message may have."""
    return b"(%b)" % " ".join((*SYSTEM_FLAGS, *keywords)).encode("ascii")
