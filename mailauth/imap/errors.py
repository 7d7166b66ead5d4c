"""Refusals: an error is the status response that ends a command (RFC 9051 §7.1, RFC 5530)."""

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
    """The command is valid, but it cannot be done."""

    condition = b"NO"


class Bad(StatusError):
    """The command is not valid, or not allowed in this state."""

    condition = b"BAD"


class ParseError(Bad):
    """The command does not follow the grammar; the message never quotes it."""


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
    """Convert either kind of refusal to a status response."""
    return refusal(error) if isinstance(error, MailboxError) else error


def no_target(error: NoSuchMailbox, name: str) -> No:
    """Return the refusal for a missing target.

    It suggests CREATE unless CREATE would fail (RFC 9051 §6.3.12, §6.4.7).
    """
    try:
        new_name(name)
    except MailboxNotAllowed:
        return refusal(error)
    return No(str(error), "TRYCREATE")


def refusal(error: MailboxError) -> No:
    """Convert a store's refusal to a status response (RFC 5530 §3, RFC 4469 for TOOBIG)."""
    return No(str(error), _CODES.get(type(error)))
