"""The decision on an attempt: what is recorded, what the client is told, and what it counts as.

Each row has all consequences of a decision, so that they cannot contradict each other. Nothing here
knows the connection: the caller passes what it found out.
"""

import enum

import msgspec

from mailauth.login.accounts import Account
from mailauth.login.event import Result
from mailauth.login.outcome import Answer


class Counts(enum.Enum):
    """Whether an attempt counts as a failure, and for what."""

    NOT = enum.auto()
    CONNECTION = enum.auto()  # for the connection, which ends after ten
    ADDRESS = enum.auto()  # for both; an address is blocked after six
    LENGTHENS_BLOCK = enum.auto()  # for the connection of a blocked address


class Exposure(enum.Enum):
    """What is known about a secret sent in the clear; inside TLS none is exposed."""

    NEVER = enum.auto()  # it was wrong, or no secret was sent
    SENT = enum.auto()  # it was correct
    CHECKED = enum.auto()  # the client is answered without a check, which is made separately
    UNKNOWN = enum.auto()  # it cannot be checked


class Row(msgspec.Struct, frozen=True):
    """The consequences of a decision. If `reason` is `None`, the caller provides it."""

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
    STORE_UNAVAILABLE = Row(
        Result.UNAVAILABLE, Answer.UNAVAILABLE, Counts.NOT, Exposure.SENT,
        "mail store unavailable")
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
    """Decide on an attempt that is not allowed: after a login, in the clear, or not offered.

    A mechanism that is withheld only in the clear is refused for that reason, and is not unknown.
    """
    if logged_in:
        return Decision.ALREADY_AUTHENTICATED
    return Decision.CLEARTEXT_REFUSED if cleartext_refused else Decision.NOT_OFFERED


def decide(account: Account | None, *, right: bool | None, acts_for_itself: bool) -> Decision:
    """Decide on a secret that is `right` or wrong, or could not be checked (`None`).

    Only then is the authorization identity of another account considered (RFC 4616 §2).
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
