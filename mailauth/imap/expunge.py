"""EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1)."""

from collections.abc import Iterator

from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError
from mailauth.imap.session import ImapSession
from mailauth.imap.slices import in_slices
from mailauth.imap.updates import updates
from mailauth.wire.effects import Effect


def expunge(session: ImapSession, command: Command) -> list[Effect]:
    r"""EXPUNGE: remove what has `\Deleted`."""
    command.arguments.end()
    session.selected.check_writable()
    return _expunge(session, command, session.selected.view.deleted())


def uid_expunge(session: ImapSession, command: Command) -> list[Effect]:
    r"""UID EXPUNGE: remove what has `\Deleted`, of these messages alone."""
    parser = command.arguments
    parser.sp()
    messages = parser.sequence_set()
    parser.end()
    selection = session.selected
    selection.check_writable()
    deleted = selection.view.deleted(selection.numbers(messages, uid=True))
    return _expunge(session, command, deleted)


def _expunge(session: ImapSession, command: Command, uids: list[int]) -> list[Effect]:
    view = session.selected.view

    def remove(uids: list[int]) -> bytes:
        view.expunge(uids)
        return b""

    def end(refused: StatusError | None) -> Iterator[bytes]:
        yield updates(session, expunge=True)
        yield command.ok() if refused is None else command.refused(refused)

    return in_slices(command, uids, remove, end)
