"""CAPA (RFC 2449 §5), QUIT (RFC 1939 §4 and §6), and requests that are not POP3."""

from mailauth.login.ended import Ended, Ending
from mailauth.mailbox.errors import MailboxError
from mailauth.pop3 import multiline
from mailauth.pop3.replies import BadCommand, err, ok, refused
from mailauth.pop3.session import Pop3Session
from mailauth.wire.effects import Close, Effect


def capabilities(session: Pop3Session) -> list[str]:
    """Return the capabilities of this connection now; what is refused is not announced.

    A login changes nothing but STLS (RFC 2449 §5, RFC 2595 §4).
    """
    known = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER"]
    known.append("UTF8 USER")
    if session.login.takes_passwords:
        known.append("USER")
    mechanisms = session.login.mechanisms
    if mechanisms:
        known.append(f"SASL {' '.join(mechanisms)}")
    if session.stls_available:
        known.append("STLS")
    return known


def capa(session: Pop3Session, argument: bytes) -> list[Effect]:
    """CAPA: list the capabilities."""
    if argument:
        raise BadCommand("CAPA takes no argument")
    return [ok("Capability list follows"), multiline.listed(capabilities(session))]


def quit_(session: Pop3Session, argument: bytes) -> list[Effect]:
    """QUIT: remove the messages marked as deleted, and close the connection."""
    if argument:
        raise BadCommand("QUIT takes no argument")
    try:
        session.maildrop.update()
    except MailboxError as error:
        refusal = refused(error)
        return [err(f"No message was removed: {refusal.text}", refusal.code), Close()]
    return [ok("Bye"), Close()]


def http(session: Pop3Session, argument: bytes) -> list[Effect]:
    """A browser was made to connect to this port: ignore the rest of its request."""
    session.login.ended(Ending(Ended.HTTP_ON_POP3_PORT))
    return [err("This is POP3, not HTTP"), Close()]
