"""ENVELOPE: a summary of the message's header (RFC 3501 §7.4.2, RFC 9051 §7.5.2)."""

from collections.abc import Mapping

from mailauth.imap.responses import nstring
from mailauth.mime.addresses import Address, addresses
from mailauth.wire.work import PAUSE, Work

_ORDER = (b"from", b"sender", b"reply-to", b"to", b"cc", b"bcc")


def envelope(fields: Mapping[bytes, bytes]) -> Work[bytes]:
    """Build the envelope structure from unfolded header fields, keyed by lower-case name."""
    lists = {}
    for name in _ORDER:
        lists[name] = yield from address_list(fields.get(name, b""))
    for name in (b"sender", b"reply-to"):
        if lists[name] == b"NIL":
            lists[name] = lists[b"from"]
    parts = [
        text(fields.get(b"date")),
        text(fields.get(b"subject")),
        *(lists[name] for name in _ORDER),
        text(fields.get(b"in-reply-to")),
        text(fields.get(b"message-id")),
    ]
    return b"(%b)" % b" ".join(parts)


def text(value: bytes | None) -> bytes:
    """Encode a header string; NUL, which a string cannot contain, is replaced."""
    return nstring(value if value is None else value.replace(b"\0", b"\x80"))


def address_list(value: bytes) -> Work[bytes]:
    """Build a list of address structures, or NIL when there are none."""
    shown: list[bytes] = []
    if value:
        for step, found in enumerate(addresses(value)):
            if step:
                yield PAUSE
            shown += map(_address, found)
    return b"(%b)" % b"".join(shown) if shown else b"NIL"


def _address(one: Address) -> bytes:
    return b"(%b %b %b %b)" % (text(one.name), text(one.route), text(one.mailbox), text(one.host))
