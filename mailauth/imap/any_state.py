"""Commands of any state (RFC 9051 §6.1), ID (RFC 2971), and requests that are not IMAP."""

from mailauth.imap.capability import capabilities
from mailauth.imap.command import Command
from mailauth.imap.grammar import Parser
from mailauth.imap.responses import bye
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed
from mailauth.login.ended import Ended, Ending
from mailauth.wire.effects import Close, Effect, Write

MAX_ID_FIELDS = 30  # RFC 2971 §3.3
MAX_ID_FIELD = 30
MAX_ID_VALUE = 1024

_SERVER_ID = b'* ID ("name" "mailauth")\r\n'


def capability(session: ImapSession, command: Command) -> list[Effect]:
    """CAPABILITY"""
    command.arguments.end()
    listed = f"* CAPABILITY {capabilities(session)}\r\n".encode("ascii")
    return [Write(listed + command.ok())]


def noop(session: ImapSession, command: Command) -> list[Effect]:
    """NOOP and CHECK: report the changes of other sessions."""
    command.arguments.end()
    return completed(session, command)


def logout(session: ImapSession, command: Command) -> list[Effect]:
    """LOGOUT"""
    command.arguments.end()
    return [Write(bye("Logging out") + command.ok()), Close()]


def client_id(session: ImapSession, command: Command) -> list[Effect]:
    """ID: the client names itself, before or after its login (RFC 2971 §3.1)."""
    command.arguments.sp()
    fields = _id_params_list(command.arguments)
    command.arguments.end()
    if fields.get(b"name") or fields.get(b"version"):
        session.login.client_named(fields.get(b"name"), fields.get(b"version"))
    return [Write(_SERVER_ID + command.ok())]


def http(session: ImapSession) -> list[Effect]:
    """A browser was made to connect to this port: ignore the rest of its request."""
    session.login.ended(Ending(Ended.HTTP_ON_IMAP_PORT))
    return [Write(bye("This is IMAP, not HTTP")), Close()]


def _id_params_list(parser: Parser) -> dict[bytes, bytes | None]:
    """id-params-list, with field names in lower case; the first of several equal names counts.

    The grammar does not allow spaces just inside the parentheses, but aioimaplib sends them.
    """
    fields: dict[bytes, bytes | None] = {}
    if parser.accept(b"NIL"):
        return fields
    parser.expect(b"(")
    parser.accept(b" ")
    while not parser.accept(b")"):
        name = parser.string()
        parser.sp()
        value = parser.nstring()
        if len(name) > MAX_ID_FIELD or len(value or b"") > MAX_ID_VALUE:
            parser.fail("field names of at most 30 octets and values of at most 1,024")
        fields.setdefault(name.lower(), value)
        if len(fields) > MAX_ID_FIELDS:
            parser.fail("at most 30 fields")
        if not parser.peek(b")"):
            parser.sp()
    return fields
