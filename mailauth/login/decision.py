"""The decision on an attempt: what is recorded, what the client is told, and what it costs.

A row names everything that follows from it, so that no two of these can disagree. Nothing here
knows a connection: who asks hands in what it has found out.
"""

import enum

import msgspec

from mailauth.login.accounts import Account
from mailauth.login.event import Result
from mailauth.login.outcome import Answer


class Counts(enum.Enum):
    """Whether an attempt counts as a failure, and against what."""

    NOT = enum.auto()
    CONNECTION = enum.auto()  # against the connection, which ends after ten
    ADDRESS = enum.auto()  # against both; an address is blocked after six
    LENGTHENS_BLOCK = enum.auto()  # against the connection of a blocked address


class Exposure(enum.Enum):
    """What may be said of a secret that was sent in the clear; inside TLS none is exposed."""

    NEVER = enum.auto()  # it was not right, or nothing came that could be one
    SENT = enum.auto()  # it was right
    CHECKED = enum.auto()  # the client is answered without a check, which is made beside that
    UNKNOWN = enum.auto()  # it cannot be checked


class Row(msgspec.Struct, frozen=True):
    """What follows from a decision. A `reason` of `None` is told by what finds it out."""

    result: Result
    answer: Answer
    counts: Counts
    exposure: Exposure
    reason: str | None


@enum.unique
class Decision(enum.Enum):
    """How an attempt may end."""

    # fmt: off
    SUCCESS = Row(
        Result.SUCCESS, Answer.SUCCESS, Counts.NOT, Exposure.SENT,
        None)

    # The secret was checked.
    NO_SUCH_ACCOUNT = Row(
        Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS, Counts.ADDRESS, Exposure.NEVER,
        "no such account")
    WRONG_SECRET = Row(
        Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS, Counts.ADDRESS, Exposure.NEVER,
        "wrong password")
    DISABLED = Row(
        Result.DISABLED, Answer.BAD_CREDENTIALS, Counts.ADDRESS, Exposure.SENT,
        "account disabled")
    DENIED = Row(
        Result.DENIED, Answer.DENIED, Counts.ADDRESS, Exposure.SENT,
        "may not act for another account")
    MAILDROP_LOCKED = Row(
        Result.UNAVAILABLE, Answer.MAILDROP_LOCKED, Counts.NOT, Exposure.SENT,
        "maildrop locked")
    NOT_ADMITTED = Row(
        Result.UNAVAILABLE, Answer.UNAVAILABLE, Counts.NOT, Exposure.SENT,
        None)

    # The client is answered without a check.
    BLOCKED = Row(
        Result.BLOCKED, Answer.BAD_CREDENTIALS, Counts.LENGTHENS_BLOCK, Exposure.CHECKED,
        "address blocked")
    ALREADY_AUTHENTICATED = Row(
        Result.MALFORMED, Answer.ALREADY_AUTHENTICATED, Counts.NOT, Exposure.CHECKED,
        "already authenticated")
    CLEARTEXT_REFUSED = Row(
        Result.CLEARTEXT_REFUSED, Answer.CLEARTEXT_REFUSED, Counts.CONNECTION, Exposure.CHECKED,
        "cleartext login refused by policy")
    NOT_OFFERED = Row(
        Result.MECHANISM_UNKNOWN, Answer.MECHANISM_UNKNOWN, Counts.CONNECTION, Exposure.CHECKED,
        "mechanism not offered here")
    MISPLACED = Row(
        Result.MALFORMED, Answer.MALFORMED, Counts.CONNECTION, Exposure.CHECKED,
        None)

    # There was nothing that could be checked.
    MECHANISM_UNKNOWN = Row(
        Result.MECHANISM_UNKNOWN, Answer.MECHANISM_UNKNOWN, Counts.CONNECTION, Exposure.UNKNOWN,
        "mechanism unknown")
    MALFORMED = Row(
        Result.MALFORMED, Answer.MALFORMED, Counts.CONNECTION, Exposure.UNKNOWN,
        None)
    LINE_TOO_LONG = Row(
        Result.MALFORMED, Answer.LINE_TOO_LONG, Counts.CONNECTION, Exposure.UNKNOWN,
        "line too long")
    CANCELLED = Row(
        Result.CANCELLED, Answer.CANCELLED, Counts.CONNECTION, Exposure.NEVER,
        "cancelled by the client")
    TOO_MANY_CHECKS = Row(
        Result.UNAVAILABLE, Answer.UNAVAILABLE, Counts.NOT, Exposure.UNKNOWN,
        "too many password checks")
    OUR_BUG = Row(
        Result.UNAVAILABLE, Answer.UNAVAILABLE, Counts.CONNECTION, Exposure.UNKNOWN,
        "internal error")
    # fmt: on


def refuse(*, logged_in: bool, cleartext_refused: bool) -> Decision:
    """Decide on what may not be tried: what comes after a login, in the clear, or is not offered.

    A mechanism that is withheld from the clear is refused for that, and is not called unknown.
    """
    if logged_in:
        return Decision.ALREADY_AUTHENTICATED
    return Decision.CLEARTEXT_REFUSED if cleartext_refused else Decision.NOT_OFFERED


def decide(account: Account | None, *, right: bool | None, acts_for_itself: bool) -> Decision:
    """Decide on a secret: was it `right`, or could that not be found out (`None`)?

    Another account's authorization identity is looked at only after that (RFC 4616 §2).
    """
    if right is None:
        return Decision.TOO_MANY_CHECKS
    if account is None:
        return Decision.NO_SUCH_ACCOUNT
    if not right:
        return Decision.WRONG_SECRET
    if account.disabled:
        return Decision.DISABLED
    return Decision.SUCCESS if acts_for_itself else Decision.DENIED
