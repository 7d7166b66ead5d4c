"""LoginAttempts.jsonl, the evidence: a flat JSON object per line, with the keys of `LoginEvent`."""

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from mailauth.login.event import LoginEvent
from mailauth.wire.unseen import escaped_json

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(LoginEvent)

# Quotes inside a value are escaped, so this occurs only at the end of `at`.
_Z = b'Z","kind":'
_NO_OFFSET = b'+00:00","kind":'


class JournalError(ValueError):
    """The line is not a valid journal record; the message says why."""


class Unreadable(msgspec.Struct, frozen=True):
    """A line of a journal that is not a valid record: its number, from 1, and the reason."""

    number: int
    reason: str


def encode(event: LoginEvent) -> bytes:
    """Return the record with its line ending; lone surrogates are percent-encoded.

    Invisible and active characters are written as JSON escapes.
    """
    try:
        line = _encoder.encode(event)
    except UnicodeEncodeError:
        line = _encoder.encode(_without_surrogates(event))
    if event.at.microsecond == 0:
        line = _with_microseconds(line, event.at)
    return escaped_json(line.replace(_Z, _NO_OFFSET, 1)) + b"\n"


def decode(line: bytes) -> LoginEvent:
    """Parse a record and ignore unknown keys. Raises `JournalError`."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise JournalError(str(error)) from None


def read(lines: Iterable[bytes]) -> Iterator[LoginEvent | Unreadable]:
    """Parse the lines of a journal, with their line endings; invalid ones become `Unreadable`."""
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            yield Unreadable(number, "torn: it has no line ending")
            continue
        try:
            yield decode(line)
        except JournalError as error:
            yield Unreadable(number, str(error))


def _with_microseconds(line: bytes, at: datetime) -> bytes:
    """Add the microseconds, which msgspec leaves out if they are zero."""
    short = _encoder.encode(at)
    whole = f'"{at.isoformat(timespec="microseconds")}"'.encode("ascii")
    return line.replace(short, whole, 1)  # the keys before `at` are numbers and an id, never a time


def _without_surrogates(event: LoginEvent) -> LoginEvent:
    texts = {
        name: "".join(
            "".join(f"%{octet:02X}" for octet in character.encode("utf-8", "surrogatepass"))
            if "\ud800" <= character <= "\udfff"
            else character
            for character in value
        )
        for name in event.__struct_fields__
        if isinstance(value := getattr(event, name), str)
    }
    return msgspec.structs.replace(event, **texts)
