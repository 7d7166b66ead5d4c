"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4 to §6.3.8)."""

import unicodedata

from mailauth.imap.command import Command
from mailauth.imap.errors import No
from mailauth.imap.responses import status
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed
from mailauth.wire.effects import Effect


def create(session: ImapSession, command: Command) -> list[Effect]:
    """CREATE, including missing superiors."""
    name = _mailbox(command)
    _check_new(name)
    session.mail.create(name)
    return completed(session, command)


def delete(session: ImapSession, command: Command) -> list[Effect]:
    """DELETE; a selected mailbox is deselected."""
    name = _mailbox(command)
    said = b""
    session.mail.delete(name)
    if session.selection is not None and session.selection.mailbox.removed:
        session.unselect()
        said = status(b"*", b"OK", "The mailbox was deleted", "CLOSED")
    return completed(session, command, said)


def rename(session: ImapSession, command: Command) -> list[Effect]:
    """RENAME; renaming INBOX moves only its messages."""
    parser = command.arguments
    parser.sp()
    name = parser.mailbox()
    parser.sp()
    to = parser.mailbox()
    parser.end()
    _check_new(to)
    session.mail.rename(name, to)
    return completed(session, command)


def subscribe(session: ImapSession, command: Command) -> list[Effect]:
    """SUBSCRIBE; the mailbox need not exist."""
    session.mail.subscribe(_mailbox(command))
    return completed(session, command)


def unsubscribe(session: ImapSession, command: Command) -> list[Effect]:
    """UNSUBSCRIBE"""
    session.mail.unsubscribe(_mailbox(command))
    return completed(session, command)


def _mailbox(command: Command) -> str:
    command.arguments.sp()
    name = command.arguments.mailbox()
    command.arguments.end()
    return name


def _check_new(name: str) -> None:
    """Raises `No` unless the name is Net-Unicode (RFC 5198), so that equal names are equal."""
    if not unicodedata.is_normalized("NFC", name):
        raise No("The name is not in Unicode Normalization Form C", "CANNOT")
