"""How a step of a login ends: a challenge, or an outcome with what the client is told."""

import enum

import msgspec

from mailauth.login.accounts import Account
from mailauth.wire.pending import Pending


class Answer(enum.Enum):
    """What a client is told: one row of the reply table, rendered by each protocol.

    Blocked and disabled are no rows of their own: they look like bad credentials by construction.
    """

    SUCCESS = enum.auto()
    BAD_CREDENTIALS = enum.auto()
    DENIED = enum.auto()
    CLEARTEXT_REFUSED = enum.auto()
    MECHANISM_UNKNOWN = enum.auto()
    MALFORMED = enum.auto()
    CANCELLED = enum.auto()
    LINE_TOO_LONG = enum.auto()
    ALREADY_AUTHENTICATED = enum.auto()
    MAILDROP_LOCKED = enum.auto()
    UNAVAILABLE = enum.auto()


class Challenge(msgspec.Struct, frozen=True, gc=False):
    """The mechanism's next challenge, not yet encoded for the protocol."""

    data: bytes


class Outcome(msgspec.Struct, frozen=True):
    """The end of an attempt, already recorded. `account` is set for a success alone."""

    answer: Answer
    account: Account | None = None


Step = Challenge | Outcome | Pending[Outcome]
