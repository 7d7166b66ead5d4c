"""Reads parenthesized lists as a strict client would (RFC 3501 §9)."""

import re

Value = bytes | int | None | list["Value"]

_STRING = re.compile(rb'"((?:[^"\\\x00\r\n\x80-\xff]|\\["\\])*)"')
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")
_NUMBER = re.compile(rb"\d+")


def read(data: bytes) -> Value:
    """The one value that `data` is."""
    value, at = _value(data, 0)
    assert at == len(data), data[at : at + 40]
    return value


def _value(data: bytes, at: int) -> tuple[Value, int]:
    if data.startswith(b"NIL", at):
        return None, at + 3
    if data.startswith(b"(", at):
        return _list(data, at + 1)
    if match := _STRING.match(data, at):
        return re.sub(rb"\\(.)", rb"\1", match[1]), match.end()
    if match := _LITERAL.match(data, at):
        text = data[match.end() : match.end() + int(match[1])]
        assert len(text) == int(match[1])
        assert b"\0" not in text
        return text, match.end() + len(text)
    match = _NUMBER.match(data, at)
    assert match is not None, data[at : at + 40]
    return int(match[0]), match.end()


def _list(data: bytes, at: int) -> tuple[Value, int]:
    values: list[Value] = []
    while True:
        value, at = _value(data, at)
        values.append(value)
        if data.startswith(b")", at):
            return values, at + 1
        if data.startswith(b" ", at):
            at += 1
        else:  # only lists stand side by side without a space
            assert isinstance(value, list)
            assert data.startswith(b"(", at), data[at : at + 40]


def check_envelope(value: Value) -> None:
    """RFC 3501 §9 envelope."""
    assert isinstance(value, list)
    date, subject, *lists, in_reply_to, message_id = value
    assert len(lists) == 6
    for text in (date, subject, in_reply_to, message_id):
        assert text is None or isinstance(text, bytes)
    for addresses in lists:
        if addresses is None:
            continue
        assert isinstance(addresses, list)
        for address in addresses:
            assert isinstance(address, list)
            assert len(address) == 4
            assert all(part is None or isinstance(part, bytes) for part in address)


def check_body(value: Value, *, extended: bool) -> None:
    """RFC 3501 §9 body."""
    assert isinstance(value, list)
    if isinstance(value[0], list):
        children = [item for item in value if isinstance(item, list)]
        count = next(n for n, item in enumerate(value) if not isinstance(item, list))
        for child in children[:count]:
            check_body(child, extended=extended)
        assert isinstance(value[count], bytes)
        rest = value[count + 1 :]
        if extended:
            check_parameters(rest.pop(0))
            check_extension(rest)
        else:
            assert rest == []
        return
    kind, subtype, parameters, identifier, description, encoding, size, *rest = value
    assert isinstance(kind, bytes)
    assert isinstance(subtype, bytes)
    check_parameters(parameters)
    assert identifier is None or isinstance(identifier, bytes)
    assert description is None or isinstance(description, bytes)
    assert isinstance(encoding, bytes)
    assert isinstance(size, int)
    if kind == b"TEXT":
        assert isinstance(rest.pop(0), int)
    elif kind == b"MESSAGE" and subtype in (b"RFC822", b"GLOBAL"):
        check_envelope(rest.pop(0))
        check_body(rest.pop(0), extended=extended)
        assert isinstance(rest.pop(0), int)
    if extended:
        md5 = rest.pop(0)
        assert md5 is None or isinstance(md5, bytes)
        check_extension(rest)
    else:
        assert rest == []


def check_parameters(value: Value) -> None:
    """RFC 3501 §9 body-fld-param."""
    if value is not None:
        assert isinstance(value, list)
        assert len(value) % 2 == 0
        assert all(isinstance(item, bytes) for item in value)


def check_extension(rest: list[Value]) -> None:
    """RFC 3501 §9 body-fld-dsp, body-fld-lang, body-fld-loc."""
    disposition, language, location = rest
    if disposition is not None:
        assert isinstance(disposition, list)
        kind, parameters = disposition
        assert isinstance(kind, bytes)
        check_parameters(parameters)
    if isinstance(language, list):
        assert all(isinstance(tag, bytes) for tag in language)
    else:
        assert language is None or isinstance(language, bytes)
    assert location is None or isinstance(location, bytes)
