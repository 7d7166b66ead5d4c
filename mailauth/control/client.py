"""Sending requests to the server that runs on a home."""

import socket
from pathlib import Path
from typing import TypeVar

import msgspec

from mailauth.control.line import MAX_OCTETS, Failed, NotUnderstood, decode, encode
from mailauth.control.place import socket_place
from mailauth.home import STATE_DIRECTORY

PATIENCE = 10.0  # seconds until an answer begins, and between its pieces

AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)


class CannotAsk(Exception):
    """There is no server, or it did not do what was asked; the message says which."""


class NoServer(CannotAsk):
    """There is no server to ask."""


def ask(
    home: Path, request: msgspec.Struct, answer: type[AnswerT], *, seconds: float = 0
) -> AnswerT:
    """Send a request and return the server's answer, which may take this many `seconds` more.

    Raises `CannotAsk`.
    """
    try:
        line = _exchange(home / STATE_DIRECTORY, encode(request), PATIENCE + seconds)
    except (FileNotFoundError, ConnectionRefusedError):
        raise NoServer(f"no server is running on {home}") from None
    except TimeoutError:
        raise CannotAsk(f"the server on {home} does not answer") from None
    except OSError as error:
        raise CannotAsk(f"the server on {home} cannot be reached: {error.strerror}") from None
    if not line:
        raise CannotAsk(f"the server on {home} ended without an answer")
    try:
        message = decode(line, (answer, Failed))
    except NotUnderstood:
        raise CannotAsk(f"the answer of the server on {home} could not be understood") from None
    if isinstance(message, Failed):
        raise CannotAsk(message.message)
    assert isinstance(message, answer)
    return message


def _exchange(state: Path, request: bytes, patience: float) -> bytes:
    with socket_place(state) as path, socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        connection.connect(path)
        connection.sendall(request)
        with connection.makefile("rb") as answers:
            return answers.readline(MAX_OCTETS)
