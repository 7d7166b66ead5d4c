"""BODY and BODYSTRUCTURE: the parts of a message as a parenthesized list (RFC 3501 §7.4.2)."""

import re
from itertools import islice

from mailauth.imap.envelope import envelope, text
from mailauth.mime.line_counter import LineCounter
from mailauth.mime.parts import MAX_PARAMETERS, Part, parameters
from mailauth.wire.work import PAUSE, Work

STEP_PARTS = 250  # whose structure is built in one step

_TOKEN = re.compile(rb"[^\s;,()]+")


def body(part: Part, *, rev2: bool) -> Work[bytes]:
    """BODY: without extension data."""
    return _structure(part, extended=False, rev2=rev2)


def bodystructure(part: Part, *, rev2: bool) -> Work[bytes]:
    """BODYSTRUCTURE: with extension data."""
    return _structure(part, extended=True, rev2=rev2)


def _structure(root: Part, *, extended: bool, rev2: bool) -> Work[bytes]:
    """Build the structure of all parts, inner parts first."""
    made: dict[Part, bytes] = {}
    lines = LineCounter(root.data)
    for count, part in enumerate(reversed(list(root.walk())), 1):
        if part.media_type.is_multipart:
            items = _multipart(part, b"".join(map(made.pop, part.children)), extended=extended)
        else:
            message = None
            if part.message is not None:
                message = made.pop(part.message)
            items = yield from _single(part, message, lines, extended=extended, rev2=rev2)
        if extended:
            items += _extension(part)
        made[part] = b"(%b)" % b" ".join(items)
        if count % STEP_PARTS == 0:
            yield PAUSE
    return made[root]


def _multipart(part: Part, children: bytes, *, extended: bool) -> list[bytes]:
    kind = part.media_type
    items = [children + b" " + text(kind.subtype)]
    if extended:
        items.append(_parameters(kind.parameters))
    return items


def _single(
    part: Part, message: bytes | None, lines: LineCounter, *, extended: bool, rev2: bool
) -> Work[list[bytes]]:
    """Build the items of a part that is not a multipart; `message` is an enclosed structure.

    Only IMAP4rev2 shows the contents of a MESSAGE/GLOBAL (RFC 9051 §9 media-message, RFC 3501 §9).
    """
    kind, fields = part.media_type, part.fields
    items = [
        text(kind.type),
        text(kind.subtype),
        _parameters(kind.parameters),
        text(fields.get(b"content-id")),
        text(fields.get(b"content-description")),
        text(transfer_encoding(part)),
        b"%d" % part.size,
    ]
    if part.message is not None and message is not None and (rev2 or kind.subtype == b"RFC822"):
        items.append((yield from envelope(part.message.fields)))
        items.append(message)
        items.append(b"%d" % lines.between(part.body, part.end))
    elif kind.type == b"TEXT":
        items.append(b"%d" % lines.between(part.body, part.end))
    if extended:
        items.append(text(fields.get(b"content-md5")))
    return items


def transfer_encoding(part: Part) -> bytes:
    """Return the Content-Transfer-Encoding in upper case; the default is 7BIT (RFC 2045 §6.1)."""
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
    tags = [text(tag[0]) for tag in islice(_TOKEN.finditer(value), MAX_PARAMETERS)]
    if not tags:
        return b"NIL"
    return tags[0] if len(tags) == 1 else b"(%b)" % b" ".join(tags)
