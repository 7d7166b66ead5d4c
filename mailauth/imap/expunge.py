"""EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1)."""

from mailauth.imap.command import Command
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed
from mailauth.wire.effects import Effect


def expunge(session: ImapSession, command: Command) -> list[Effect]:
    r"""EXPUNGE: remove what has `\Deleted`."""
    command.arguments.end()
    session.selected.check_writable()
    session.selected.view.expunge()
    return completed(session, command)


def uid_expunge(session: ImapSession, command: Command) -> list[Effect]:
    r"""UID EXPUNGE: remove what has `\Deleted`, of these messages alone."""
    parser = command.arguments
    parser.sp()
    messages = parser.sequence_set()
    parser.end()
    selection = session.selected
    selection.check_writable()
    selection.view.expunge(selection.numbers(messages, uid=True))
    return completed(session, command)
