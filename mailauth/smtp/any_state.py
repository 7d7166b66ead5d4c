"""NOOP, VRFY, EXPN, HELP and QUIT (RFC 5321 §4.1.1), and requests that are not SMTP."""

from mailauth.login.ended import Ended, Ending
from mailauth.smtp.replies import SmtpError, bad_syntax, reply
from mailauth.smtp.session import SmtpSession
from mailauth.wire.effects import Close, Effect


def noop(session: SmtpSession, argument: bytes) -> list[Effect]:
    """NOOP: do nothing, whatever the argument."""
    return [reply(250, "2.0.0", "Nothing done")]


def vrfy(session: SmtpSession, argument: bytes) -> list[Effect]:
    """VRFY: the reply does not reveal whether an account exists (RFC 5321 §7.3)."""
    if not argument:
        raise bad_syntax("VRFY requires a name")
    return [reply(252, "2.5.0", "Cannot verify the account; send mail to it to find out")]


def expn(session: SmtpSession, argument: bytes) -> list[Effect]:
    """EXPN: the server has no mailing lists."""
    raise SmtpError(502, "5.5.1", "Mailing lists are not supported")


def help_(session: SmtpSession, argument: bytes) -> list[Effect]:
    """HELP: say what this server is, and list the commands."""
    return [
        reply(
            214,
            "2.0.0",
            "This is mailauth, a mail server that records insecure logins.",
            "Commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT",
        )
    ]


def quit_(session: SmtpSession, argument: bytes) -> list[Effect]:
    """QUIT: say goodbye, and close the connection."""
    if argument:
        raise bad_syntax("QUIT takes no argument")
    return [reply(221, "2.0.0", "Bye"), Close()]


def http(session: SmtpSession, argument: bytes) -> list[Effect]:
    """A browser was made to connect to this port: ignore the rest of its request."""
    session.login.ended(Ending(Ended.HTTP_ON_SMTP_PORT))
    return [reply(554, "5.5.1", "This is SMTP, not HTTP"), Close()]
