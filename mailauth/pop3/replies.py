"""Replies: a status indicator, an extended response code, text (RFC 1939 §3, RFC 2449 §8)."""

from typing import assert_never

from mailauth.login.outcome import Answer
from mailauth.mailbox.errors import MailboxError, StoreUnavailable
from mailauth.wire.effects import Write

AUTH = "AUTH"  # RFC 3206 §4
IN_USE = "IN-USE"  # RFC 2449 §8.1.2
SYS_TEMP = "SYS/TEMP"  # RFC 3206 §4


class Pop3Error(Exception):
    """A command that fails: the error is its reply."""

    def __init__(self, text: str, code: str | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class BadCommand(Pop3Error):
    """An unknown or misplaced command; a client that sends too many is disconnected."""


def ok(text: str) -> Write:
    """A positive reply; it must never contain what a client sent."""
    return Write(b"+OK " + text.encode("ascii", "replace") + b"\r\n")


def err(text: str, code: str | None = None) -> Write:
    """A negative reply."""
    bracketed = f"[{code}] " if code is not None else ""
    return Write(f"-ERR {bracketed}{text}\r\n".encode("ascii", "replace"))


def refused(error: MailboxError) -> Pop3Error:
    """The POP3 error for what the store refused."""
    code = SYS_TEMP if isinstance(error, StoreUnavailable) else None
    return Pop3Error(str(error), code)


def login_refused(answer: Answer) -> Write:
    """The reply to a login that did not succeed (RFC 5034 §4, RFC 3206, RFC 2449 §8)."""
    match answer:
        case Answer.BAD_CREDENTIALS:
            return err("Authentication failed", AUTH)
        case Answer.DENIED:
            return err("You are not authorized to act for this user", AUTH)
        case Answer.CLEARTEXT_REFUSED:
            return err("TLS is required to log in")
        case Answer.MECHANISM_UNKNOWN:
            return err("This mechanism is not offered")
        case Answer.MALFORMED:
            return err("Malformed authentication exchange")
        case Answer.CANCELLED:
            return err("Login cancelled")
        case Answer.LINE_TOO_LONG:
            return err("The line is too long")
        case Answer.ALREADY_AUTHENTICATED:
            return err("Already logged in")
        case Answer.MAILDROP_LOCKED:
            return err("Another session has locked this maildrop", IN_USE)
        case Answer.UNAVAILABLE:
            return err("Login is temporarily unavailable; try again later", SYS_TEMP)
        case Answer.SUCCESS:
            raise AssertionError("a success is not refused")
        case _:
            assert_never(answer)
