"""Refusals: an error is the status response that a command ends with (RFC 9051 §7.1, RFC 5530)."""

from typing import ClassVar

from mailauth.mailbox.errors import (
    LimitReached,
    MailboxError,
    MailboxExists,
    MailboxNotAllowed,
    MessageGone,
    MessageTooBig,
    NoSuchMailbox,
    OverQuota,
    StoreUnavailable,
)
from mailauth.mailbox.names import new_name


class StatusError(Exception):
    """A tagged response other than OK. `code` is the response code without its brackets."""

    condition: ClassVar[bytes]

    def __init__(self, text: str, code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class No(StatusError):
    """The command is understood and cannot be done."""

    condition = b"NO"


class Bad(StatusError):
    """The command is not understood, or not allowed in this state."""

    condition = b"BAD"


class ParseError(Bad):
    """What came does not follow the grammar; the message never quotes it."""


_CODES: dict[type[MailboxError], str] = {
    NoSuchMailbox: "NONEXISTENT",
    MailboxExists: "ALREADYEXISTS",
    MailboxNotAllowed: "CANNOT",
    OverQuota: "OVERQUOTA",
    MessageTooBig: "TOOBIG",
    LimitReached: "LIMIT",
    MessageGone: "EXPUNGEISSUED",
    StoreUnavailable: "UNAVAILABLE",
}


def as_status(error: StatusError | MailboxError) -> StatusError:
    """Either kind of refusal as a status response."""
    return refusal(error) if isinstance(error, MailboxError) else error


def no_target(error: NoSuchMailbox, name: str) -> No:
    """Say that a target is not there.

    The client is told to try CREATE unless that would fail (RFC 9051 §6.3.12, §6.4.7).
    """
    try:
        new_name(name)
    except MailboxNotAllowed:
        return refusal(error)
    return No(str(error), "TRYCREATE")


def refusal(error: MailboxError) -> No:
    """What the store refused, as a status response (RFC 5530 §3, RFC 4469 for TOOBIG)."""
    return No(str(error), _CODES.get(type(error)))
