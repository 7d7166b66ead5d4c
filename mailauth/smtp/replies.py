"""Replies: a code, an enhanced status code, text (RFC 5321 §4.2, RFC 2034, RFC 5248)."""

from typing import assert_never

from mailauth.login.outcome import Answer
from mailauth.mailbox.errors import MailboxError, MessageTooBig, OverQuota
from mailauth.wire.effects import Write


class SmtpError(Exception):
    """A command that fails: the error is its reply."""

    def __init__(self, code: int, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.enhanced = enhanced
        self.text = text

    @property
    def reply(self) -> Write:
        """The reply to send."""
        return reply(self.code, self.enhanced, self.text)


def bad_syntax(text: str) -> SmtpError:
    """An argument is missing, malformed or not allowed."""
    return SmtpError(501, "5.5.4", text)


def bad_sequence(text: str) -> SmtpError:
    """The command is out of sequence."""
    return SmtpError(503, "5.5.1", text)


def reply(code: int, enhanced: str | None, *lines: str) -> Write:
    """A reply of one or more lines; greeting, EHLO, 334 and 354 have no enhanced status code."""
    prefix = f"{enhanced} " if enhanced is not None else ""
    last = len(lines) - 1
    text = "".join(
        f"{code}{' ' if index == last else '-'}{prefix}{line}\r\n"
        for index, line in enumerate(lines)
    )
    return Write(text.encode("ascii", "replace"))


def refused(error: MailboxError) -> SmtpError:
    """The SMTP error for what the store refused (RFC 3463 §3.3)."""
    match error:
        case OverQuota():
            return SmtpError(552, "5.2.2", str(error))
        case MessageTooBig():
            return SmtpError(552, "5.3.4", str(error))
        case _:
            return SmtpError(451, "4.3.0", str(error))


def login_refused(answer: Answer) -> SmtpError:
    """The reply to a login that did not succeed (RFC 4954 §4 and §6, RFC 5248)."""
    match answer:
        case Answer.BAD_CREDENTIALS:
            return SmtpError(535, "5.7.8", "Authentication failed")
        case Answer.DENIED:
            return SmtpError(535, "5.7.8", "You are not authorized to act for this user")
        case Answer.CLEARTEXT_REFUSED:
            return SmtpError(538, "5.7.11", "TLS is required to log in")
        case Answer.MECHANISM_UNKNOWN:
            return SmtpError(504, "5.5.4", "This mechanism is not offered")
        case Answer.MALFORMED:
            return SmtpError(501, "5.5.2", "Malformed authentication exchange")
        case Answer.CANCELLED:
            return SmtpError(501, "5.7.0", "Login cancelled")
        case Answer.LINE_TOO_LONG:
            return SmtpError(500, "5.5.6", "The line is too long")
        case Answer.ALREADY_AUTHENTICATED:
            return SmtpError(503, "5.5.1", "Already logged in")
        case Answer.UNAVAILABLE | Answer.MAILDROP_LOCKED:
            return SmtpError(454, "4.7.0", "Login is temporarily unavailable; try again later")
        case Answer.SUCCESS:
            raise AssertionError("a success is not refused")
        case _:
            assert_never(answer)
