"""What the parent and a worker say to each other: a JSON object a line, told apart by `type`."""

import socket
from typing import Any

import msgspec

from mailauth.config import Config
from mailauth.config.conversion import converted
from mailauth.faults import Fault
from mailauth.login.policy import Cleartext
from mailauth.net.open_connections import OpenConnection
from mailauth.record.timing import RecordTimes


class WrittenConfig(msgspec.Struct, frozen=True):
    """A configuration as TOML would have it."""

    tables: dict[str, Any]

    @classmethod
    def of(cls, config: Config) -> "WrittenConfig":
        """Write a configuration down."""
        return cls(msgspec.to_builtins(config, enc_hook=str))

    def __repr__(self) -> str:
        return "WrittenConfig()"

    def read(self) -> Config:
        """Return the configuration."""
        return converted(self.tables)


class Shared(msgspec.Struct, frozen=True):
    """The descriptors that a worker inherits; those of listeners by the listener's name."""

    record: int
    failures: int
    listeners: dict[str, int]


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Serve. The configuration's listeners have their ports and what is permitted on them now.

    `disabled` says of accounts what an administrator has switched since the server was started.
    """

    home: str
    config: WrittenConfig
    shared: Shared
    maildir: str
    disabled: dict[str, bool]


class Reload(msgspec.Struct, frozen=True, tag=True):
    """Go on with the files as they are now."""

    config: WrittenConfig


class SetListener(msgspec.Struct, frozen=True, tag=True):
    """Permit or refuse cleartext logins on a listener; do something wrong on purpose, or not."""

    listener: str
    cleartext: Cleartext
    faults: tuple[Fault, ...]


class SetDisabled(msgspec.Struct, frozen=True, tag=True):
    """Disable an account, or take that back."""

    account: str
    disabled: bool


class Look(msgspec.Struct, frozen=True, tag=True):
    """Say what is open."""


class Beat(msgspec.Struct, frozen=True, tag=True):
    """Say that you run."""


class Drain(msgspec.Struct, frozen=True, tag=True):
    """Say when the checks that have begun are recorded."""


class Settle(msgspec.Struct, frozen=True, tag=True):
    """Say when what clients have sent until now has been dealt with."""


class ForgetRepeats(msgspec.Struct, frozen=True, tag=True):
    """Record what every address does singly again, until it repeats itself."""


class Leave(msgspec.Struct, frozen=True, tag=True):
    """Take leave of everybody, and end."""


Order = (
    Begin
    | Reload
    | SetListener
    | SetDisabled
    | Look
    | Beat
    | Drain
    | Settle
    | ForgetRepeats
    | Leave
)


class Numbered(msgspec.Struct, frozen=True):
    """An order, and the number that its answer has."""

    number: int
    order: Order


class Ready(msgspec.Struct, frozen=True, tag=True):
    """It accepts connections."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It cannot do that; the message is for the operator."""

    message: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """It has done so."""


class Snapshot(msgspec.Struct, frozen=True, tag=True):
    """What is open, and how long it took to write its records."""

    connections: list[OpenConnection]
    times: RecordTimes


WorkerAnswer = Ready | Failed | Done | Snapshot


class Answered(msgspec.Struct, frozen=True):
    """An answer to the order of that number."""

    number: int
    answer: WorkerAnswer


_orders = msgspec.json.Decoder(Numbered)
_answers = msgspec.json.Decoder(Answered)


def written(message: Numbered | Answered) -> bytes:
    """Return a message as a line."""
    return msgspec.json.encode(message) + b"\n"


def order_in(line: bytes) -> Numbered:
    """Read an order."""
    return _orders.decode(line)


def answer_in(line: bytes) -> Answered:
    """Read an answer."""
    return _answers.decode(line)


def read_line(end: socket.socket) -> tuple[bytes, bytes]:
    """Wait for the first line; return it and what has come behind it. Raises `OSError`."""
    come = b""
    while b"\n" not in come:
        read = end.recv(65536)
        if not read:
            raise ConnectionResetError("it has ended")
        come += read
    line, _, rest = come.partition(b"\n")
    return line, rest
