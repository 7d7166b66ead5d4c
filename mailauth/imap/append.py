"""APPEND (RFC 9051 §6.3.12, RFC 7889), also of UTF-8 and binary messages (RFC 6855, RFC 3516)."""

import re
from datetime import datetime

import msgspec

from mailauth.imap.command import Command
from mailauth.imap.errors import Bad, No, no_target
from mailauth.imap.grammar import Parser
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed
from mailauth.mailbox.errors import NoSuchMailbox
from mailauth.mailbox.message import NewMessage, with_crlf
from mailauth.mailbox.store import Mailbox
from mailauth.wire.effects import Effect

_BLANK_LINES = (b"\n\r\n", b"\n\n")  # either ends the header
_BINARY_PART = re.compile(rb"(?im)^Content-Transfer-Encoding[ \t]*:\s*binary\b")


class Appended(msgspec.Struct, frozen=True):
    """The arguments of APPEND that precede the message."""

    mailbox: str
    flags: frozenset[str]
    internal_date: datetime | None


def append(session: ImapSession, command: Command) -> list[Effect]:
    """APPEND"""
    parser = command.arguments
    appended = _before_the_message(parser)
    is_binary = parser.peek(b"~")
    message = _message(parser, utf8=session.utf8)
    parser.end()
    mailbox = _mailbox(session, appended.mailbox)
    if not message:
        raise No("The message is empty")
    if b"\0" in message:
        raise No("A message with NUL octets cannot be stored", "UNKNOWN-CTE")
    if is_binary and _BINARY_PART.search(message) and with_crlf(message) != message:
        text = "Bare line feeds are stored as CRLF, which would corrupt a binary part"
        raise No(text, "UNKNOWN-CTE")  # RFC 3516 §4.4
    if not session.utf8 and not _header(message).isascii():
        raise No("A header that is not ASCII requires ENABLE UTF8=ACCEPT", "CANNOT")  # RFC 6855 §4
    internal_date = appended.internal_date or session.now()
    [uid] = mailbox.append([NewMessage(message, internal_date, appended.flags)])
    return completed(session, command, code=f"APPENDUID {mailbox.uid_validity} {uid}")


def admit(session: ImapSession, parser: Parser, size: int) -> None:
    """Check that a large message can be stored, before it is sent.

    `parser` holds the command up to the literal. Raises `StatusError` or `MailboxError`.
    """
    appended = _before_the_message(parser)
    if not parser.announces_message():
        parser.fail("a single message")
    _mailbox(session, appended.mailbox)
    session.mail.check_room(size)


def _before_the_message(parser: Parser) -> Appended:
    parser.sp()
    mailbox = parser.mailbox()
    parser.sp()
    flags: list[str] = []
    internal_date = None
    if parser.peek(b"("):
        flags = parser.flag_list()
        parser.sp()
    if parser.peek(b'"'):
        internal_date = parser.date_time()
        parser.sp()
    return Appended(mailbox, frozenset(flags), internal_date)


def _message(parser: Parser, *, utf8: bool) -> bytes:
    """append-data: a literal, a literal8, or UTF8 with one in parentheses (RFC 6855 §4)."""
    if parser.accept(b"UTF8 ("):
        message = parser.literal8()
        parser.expect(b")")
        if not utf8:
            raise Bad("Enable UTF8=ACCEPT first")
        return message
    return parser.literal8() if parser.peek(b"~") else parser.literal()


def _mailbox(session: ImapSession, name: str) -> Mailbox:
    """Return the target, which APPEND never creates (RFC 9051 §6.3.12)."""
    try:
        return session.mail.mailbox(name)
    except NoSuchMailbox as error:
        raise no_target(error, name) from None


def _header(message: bytes) -> bytes:
    """Return what precedes the first blank line; `find` is quick even if there is none."""
    found = [at for blank in _BLANK_LINES if (at := message.find(blank)) >= 0]
    return message[: min(found)] if found else message
