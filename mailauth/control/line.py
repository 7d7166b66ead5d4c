"""One line of the control protocol: a JSON object, named by its `type`, and a line feed."""

import functools
from collections.abc import Callable
from typing import Any, Union

import msgspec

from mailauth.wire.pending import Pending

MAX_OCTETS = 1_048_576  # of a line, including its line feed

Reply = msgspec.Struct | Pending[msgspec.Struct]
Handlers = dict[type[msgspec.Struct], Callable[[Any], Reply]]  # by the type of the request


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The answer to a request that failed; the message is one line for the operator."""

    message: str


class NotUnderstood(ValueError):
    """The line is not one of the expected messages; the error does not quote it."""


def encode(message: msgspec.Struct) -> bytes:
    """Encode a message with its line feed."""
    return msgspec.json.encode(message) + b"\n"


def decode(line: bytes, types: tuple[type[msgspec.Struct], ...]) -> msgspec.Struct:
    """Decode a line as one of these messages. Raises `NotUnderstood`."""
    try:
        message: msgspec.Struct = _decoder(types).decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotUnderstood("not a line of the control protocol") from None
    return message


@functools.cache
def _decoder(types: tuple[type[msgspec.Struct], ...]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Union[types])  # noqa: UP007 (the types are a value)
