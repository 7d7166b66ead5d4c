"""EXPUNGE (RFC 9051 §6.4.3), UID EXPUNGE (RFC 4315 §2.1) and CLOSE, which expunges."""

from collections.abc import Iterator

from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError
from mailauth.imap.session import ImapSession
from mailauth.imap.slices import End, in_slices
from mailauth.imap.updates import updates
from mailauth.mailbox.view import View
from mailauth.wire.effects import Effect


def expunge(session: ImapSession, command: Command) -> list[Effect]:
    r"""EXPUNGE: remove the messages with `\Deleted`."""
    command.arguments.end()
    session.selected.check_writable()
    return _expunged(session, command, session.selected.view.deleted())


def uid_expunge(session: ImapSession, command: Command) -> list[Effect]:
    r"""UID EXPUNGE: remove those of the given messages that have `\Deleted`."""
    parser = command.arguments
    parser.sp()
    messages = parser.sequence_set()
    parser.end()
    selection = session.selected
    selection.check_writable()
    deleted = selection.view.deleted(selection.numbers(messages, uid=True))
    return _expunged(session, command, deleted)


def close(session: ImapSession, command: Command) -> list[Effect]:
    r"""CLOSE: expunge without EXPUNGE responses, and deselect (RFC 9051 §6.4.1)."""
    command.arguments.end()
    view = session.selected.view

    def end(refused: StatusError | None) -> Iterator[bytes]:
        if refused is None:
            session.unselect()
        yield command.ok() if refused is None else command.refused(refused)

    return _removed(view, command, [] if view.read_only else view.deleted(), end)


def _expunged(session: ImapSession, command: Command, uids: list[int]) -> list[Effect]:
    def end(refused: StatusError | None) -> Iterator[bytes]:
        yield updates(session, expunge=True)
        yield command.ok() if refused is None else command.refused(refused)

    return _removed(session.selected.view, command, uids, end)


def _removed(view: View, command: Command, uids: list[int], end: End) -> list[Effect]:
    def remove(uids: list[int]) -> bytes:
        view.expunge(uids)
        return b""

    return in_slices(command, uids, remove, end)
