"""The messages between the parent and a worker: one JSON object per line, with a `type`."""

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
    """A configuration in the form of its TOML."""

    tables: dict[str, Any]

    @classmethod
    def of(cls, config: Config) -> "WrittenConfig":
        """Convert a configuration."""
        return cls(msgspec.to_builtins(config, enc_hook=str))

    def __repr__(self) -> str:
        return "WrittenConfig()"

    def read(self) -> Config:
        """Return the configuration."""
        return converted(self.tables)


class Shared(msgspec.Struct, frozen=True):
    """The descriptors that a worker inherits; those of listeners are by name."""

    record: int
    failures: int
    listeners: dict[str, int]


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Start to serve. The listeners have their actual ports and current policies.

    `disabled` has the accounts that an administrator disabled or enabled since the server's start.
    """

    home: str
    config: WrittenConfig
    shared: Shared
    maildir: str
    disabled: dict[str, bool]


class Reload(msgspec.Struct, frozen=True, tag=True):
    """Reload the files."""

    config: WrittenConfig


class SetListener(msgspec.Struct, frozen=True, tag=True):
    """Set the policy for cleartext logins, and the deliberate faults, of a listener."""

    listener: str
    cleartext: Cleartext
    faults: tuple[Fault, ...]


class SetDisabled(msgspec.Struct, frozen=True, tag=True):
    """Disable or enable an account."""

    account: str
    disabled: bool


class Look(msgspec.Struct, frozen=True, tag=True):
    """Report what is open."""


class Beat(msgspec.Struct, frozen=True, tag=True):
    """Confirm that you are running."""


class Drain(msgspec.Struct, frozen=True, tag=True):
    """Confirm when the checks that have begun are recorded."""


class Settle(msgspec.Struct, frozen=True, tag=True):
    """Confirm when everything that clients have sent until now has been processed."""


class ForgetRepeats(msgspec.Struct, frozen=True, tag=True):
    """Record the failures of every address singly again, until it repeats them."""


class Leave(msgspec.Struct, frozen=True, tag=True):
    """Say goodbye to all clients, and exit."""


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
    """An order with a number, which its answer repeats."""

    number: int
    order: Order


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker accepts connections."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot do this; the message is for the operator."""

    message: str


class Done(msgspec.Struct, frozen=True, tag=True):
    """The worker has done this."""


class Snapshot(msgspec.Struct, frozen=True, tag=True):
    """What is open, and how long it took to write records."""

    connections: list[OpenConnection]
    times: RecordTimes


WorkerAnswer = Ready | Failed | Done | Snapshot


class Answered(msgspec.Struct, frozen=True):
    """The answer to the order of this number."""

    number: int
    answer: WorkerAnswer


_orders = msgspec.json.Decoder(Numbered)
_answers = msgspec.json.Decoder(Answered)


def written(message: Numbered | Answered) -> bytes:
    """Format a message as a line."""
    return msgspec.json.encode(message) + b"\n"


def order_in(line: bytes) -> Numbered:
    """Parse an order."""
    return _orders.decode(line)


def answer_in(line: bytes) -> Answered:
    """Parse an answer."""
    return _answers.decode(line)


def read_line(end: socket.socket) -> tuple[bytes, bytes]:
    """Wait for the first line; return it and the data after it. Raises `OSError`."""
    come = b""
    while b"\n" not in come:
        read = end.recv(65536)
        if not read:
            raise ConnectionResetError("it has ended")
        come += read
    line, _, rest = come.partition(b"\n")
    return line, rest
