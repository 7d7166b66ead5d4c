"""EHLO and HELO (RFC 5321 §4.1.1.1)."""

from mailauth.smtp.replies import bad_syntax, reply
from mailauth.smtp.session import SmtpSession
from mailauth.wire.effects import Effect


def extensions(session: SmtpSession) -> list[str]:
    """Return the extensions available on this connection now; what is refused is not announced."""
    known = [
        "PIPELINING",
        f"SIZE {session.message_size}",
        "8BITMIME",
        "SMTPUTF8",
        "CHUNKING",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "HELP",
    ]
    if session.starttls_available:
        known.append("STARTTLS")
    offered = session.login.offered
    if offered:
        known.append(f"AUTH {' '.join(offered)}")
    return known


def ehlo(session: SmtpSession, argument: bytes) -> list[Effect]:
    """EHLO: the client names itself, and the reply lists the extensions."""
    _greet(session, argument, extended=True)
    return [reply(250, None, session.hostname, *extensions(session))]


def helo(session: SmtpSession, argument: bytes) -> list[Effect]:
    """HELO: the client names itself, and uses no extensions."""
    _greet(session, argument, extended=False)
    return [reply(250, None, session.hostname)]


def _greet(session: SmtpSession, argument: bytes, *, extended: bool) -> None:
    if not argument:
        raise bad_syntax("The client's domain or address literal is missing")
    session.helo = argument
    session.extended = extended
    session.transaction = None
    session.login.client_named(argument)
