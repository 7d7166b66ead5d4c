"""BODY and BODYSTRUCTURE: the parts of a message as a parenthesized list (RFC 3501 §7.4.2)."""

import re

from mailauth.imap.envelope import envelope, text
from mailauth.imap.mime import Part, parameters

_TOKEN = re.compile(rb"[^\s;,()]+")


def body(part: Part, *, rev2: bool) -> bytes:
    """BODY: without extension data."""
    return _structure(part, extended=False, rev2=rev2)


def bodystructure(part: Part, *, rev2: bool) -> bytes:
    """BODYSTRUCTURE: with extension data."""
    return _structure(part, extended=True, rev2=rev2)


def _structure(part: Part, *, extended: bool, rev2: bool) -> bytes:
    """One part; parts nest no deeper than `mime.MAX_DEPTH`.

    Only IMAP4rev2 shows what is in a MESSAGE/GLOBAL (RFC 9051 §9 media-message, RFC 3501 §9).
    """
    kind = part.media_type
    if kind.is_multipart:
        children = b"".join(
            _structure(child, extended=extended, rev2=rev2) for child in part.children
        )
        items = [children + b" " + text(kind.subtype)]
        if extended:
            items.append(_parameters(kind.parameters))
    else:
        fields = part.fields
        items = [
            text(kind.type),
            text(kind.subtype),
            _parameters(kind.parameters),
            text(fields.get(b"content-id")),
            text(fields.get(b"content-description")),
            text(transfer_encoding(part)),
            b"%d" % part.size,
        ]
        if part.message is not None and (rev2 or kind.subtype == b"RFC822"):
            items.append(envelope(part.message.fields))
            items.append(_structure(part.message, extended=extended, rev2=rev2))
            items.append(b"%d" % part.lines)
        elif kind.type == b"TEXT":
            items.append(b"%d" % part.lines)
        if extended:
            items.append(text(fields.get(b"content-md5")))
    if extended:
        items += _extension(part)
    return b"(%b)" % b" ".join(items)


def transfer_encoding(part: Part) -> bytes:
    """The Content-Transfer-Encoding in upper case; without one, 7BIT (RFC 2045 §6.1)."""
    match = _TOKEN.search(part.fields.get(b"content-transfer-encoding", b""))
    return b"7BIT" if match is None else match[0].upper()


def _parameters(pairs: tuple[tuple[bytes, bytes], ...]) -> bytes:
    if not pairs:
        return b"NIL"
    return b"(%b)" % b" ".join(text(item) for pair in pairs for item in pair)


def _extension(part: Part) -> list[bytes]:
    """Disposition, language and location."""
    fields = part.fields
    return [
        _disposition(fields.get(b"content-disposition", b"")),
        _language(fields.get(b"content-language", b"")),
        text(fields.get(b"content-location")),
    ]


def _disposition(value: bytes) -> bytes:
    kind = _TOKEN.match(value)
    if kind is None:
        return b"NIL"
    return b"(%b %b)" % (text(kind[0].upper()), _parameters(parameters(value)))


def _language(value: bytes) -> bytes:
    tags = [text(tag) for tag in _TOKEN.findall(value)]
    if not tags:
        return b"NIL"
    return tags[0] if len(tags) == 1 else b"(%b)" % b" ".join(tags)
