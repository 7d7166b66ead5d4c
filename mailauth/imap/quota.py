"""GETQUOTA and GETQUOTAROOT (RFC 9208): one unnamed quota root for each account."""

from mailauth.imap.command import Command
from mailauth.imap.errors import No
from mailauth.imap.responses import mailbox as mailbox_name
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed
from mailauth.mailbox.errors import NoSuchMailbox
from mailauth.mailbox.names import NOT_A_NAME
from mailauth.wire.effects import Effect


def getquota(session: ImapSession, command: Command) -> list[Effect]:
    """GETQUOTA"""
    command.arguments.sp()
    root = command.arguments.astring()
    command.arguments.end()
    if root:
        raise No("The quota root does not exist", "NONEXISTENT")
    return completed(session, command, _quota(session))


def getquotaroot(session: ImapSession, command: Command) -> list[Effect]:
    """GETQUOTAROOT; the mailbox need not exist (RFC 9208 §4.1.2)."""
    command.arguments.sp()
    name = command.arguments.mailbox()
    command.arguments.end()
    if name == NOT_A_NAME:
        raise NoSuchMailbox("The mailbox does not exist")
    roots = b'* QUOTAROOT %b ""\r\n' % mailbox_name(name, utf8=session.utf8)
    return completed(session, command, roots + _quota(session))


def _quota(session: ImapSession) -> bytes:
    """`* QUOTA`; STORAGE counts units of 1,024 octets (RFC 9208 §5.1)."""
    quota = session.mail.quota()
    storage = (_units(quota.size), quota.size_limit // 1024)
    messages = (quota.messages, quota.messages_limit)
    return b'* QUOTA "" (STORAGE %d %d MESSAGE %d %d)\r\n' % (*storage, *messages)


def _units(octets: int) -> int:
    return -(-octets // 1024)
