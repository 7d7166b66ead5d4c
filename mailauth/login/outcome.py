"""How a step of a login ends: with a challenge, or with an outcome and the client's answer."""

import enum

import msgspec

from mailauth.login.accounts import Account
from mailauth.wire.pending import Pending


class Answer(enum.Enum):
    """What a client is told: one row of the reply table, which each protocol renders.

    Blocked and disabled have no rows of their own, so that they look like bad credentials.
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
    """The end of an attempt, which is already recorded. Only a success has an `account`."""

    answer: Answer
    account: Account | None = None


Step = Challenge | Outcome | Pending[Outcome]
