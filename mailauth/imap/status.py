"""STATUS: the numbers of a mailbox (RFC 9051 §6.3.11, RFC 7162 §3.1.7, RFC 7889, RFC 9208)."""

from collections.abc import Callable

from mailauth.imap import condstore
from mailauth.imap.command import Command
from mailauth.imap.grammar import Parser
from mailauth.imap.responses import mailbox as mailbox_name
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed
from mailauth.mailbox.store import Counts, Mailbox
from mailauth.wire.effects import Effect

Item = Callable[[Mailbox, Counts], int]


def _deleted_storage(mailbox: Mailbox, counts: Counts) -> int:
    messages = (mailbox.get(uid) for uid in mailbox.deleted())
    return sum(message.size for message in messages if message is not None)


_ITEMS: dict[bytes, Item] = {
    b"MESSAGES": lambda mailbox, counts: counts.messages,
    b"RECENT": lambda mailbox, counts: counts.recent,
    b"UNSEEN": lambda mailbox, counts: counts.unseen,
    b"DELETED": lambda mailbox, counts: counts.deleted,
    b"DELETED-STORAGE": _deleted_storage,
    b"SIZE": lambda mailbox, counts: counts.size,
    b"UIDNEXT": lambda mailbox, counts: mailbox.uid_next,
    b"UIDVALIDITY": lambda mailbox, counts: mailbox.uid_validity,
    b"HIGHESTMODSEQ": lambda mailbox, counts: mailbox.highest_modseq,
}
_APPENDLIMIT = b"APPENDLIMIT"  # the same for every mailbox


def status(session: ImapSession, command: Command) -> list[Effect]:
    """STATUS"""
    parser = command.arguments
    parser.sp()
    name = parser.mailbox()
    parser.sp()
    items = status_att_list(parser)
    parser.end()
    return completed(session, command, status_response(session, name, items))


def status_att_list(parser: Parser) -> list[bytes]:
    """status-att-list in parentheses; duplicates are removed."""

    def status_att() -> bytes:
        item = parser.atom().upper()
        if item not in _ITEMS and item != _APPENDLIMIT:
            parser.fail("a status data item")
        return item

    return list(dict.fromkeys(parser.parenthesized(status_att)))


def status_response(session: ImapSession, name: str, items: list[bytes]) -> bytes:
    """`* STATUS`; HIGHESTMODSEQ implies that the client understands MODSEQ.

    Raises `NoSuchMailbox`.
    """
    mailbox = session.mail.mailbox(name)
    mailbox.poll()
    counts = mailbox.counts()
    said = b""
    if b"HIGHESTMODSEQ" in items:
        said = condstore.enable(session)
    values = (
        session.limits.message_size if item == _APPENDLIMIT else _ITEMS[item](mailbox, counts)
        for item in items
    )
    shown = b" ".join(b"%b %d" % pair for pair in zip(items, values, strict=True))
    return said + b"* STATUS %b (%b)\r\n" % (mailbox_name(name, utf8=session.utf8), shown)
