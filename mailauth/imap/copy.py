"""COPY and MOVE (RFC 9051 §6.4.7, §6.4.8, RFC 4315, RFC 6851)."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from mailauth.imap import sequence
from mailauth.imap.command import Command
from mailauth.imap.errors import StatusError, no_target
from mailauth.imap.responses import status
from mailauth.imap.selection import Selection
from mailauth.imap.session import ImapSession
from mailauth.imap.slices import SLICE_MESSAGES, in_slices, in_turns, slices
from mailauth.imap.updates import updates
from mailauth.mailbox.errors import NoSuchMailbox
from mailauth.mailbox.store import Copied
from mailauth.wire.effects import Effect, Stream, Write


def copy(session: ImapSession, command: Command) -> list[Effect]:
    """COPY"""
    return _copy(session, command, uid=False)


def uid_copy(session: ImapSession, command: Command) -> list[Effect]:
    """UID COPY"""
    return _copy(session, command, uid=True)


def move(session: ImapSession, command: Command) -> list[Effect]:
    """MOVE"""
    return _move(session, command, uid=False)


def uid_move(session: ImapSession, command: Command) -> list[Effect]:
    """UID MOVE"""
    return _move(session, command, uid=True)


def _copy(session: ImapSession, command: Command, *, uid: bool) -> list[Effect]:
    numbers, target = _arguments(session, command, uid=uid)
    if len(numbers) > SLICE_MESSAGES:
        return [Stream(in_turns(command, _copying(session, command, numbers, target)))]
    with _creatable(session.selected, target):
        copied = session.selected.view.copy(numbers, target)
    return [Write(_copied(session, command, copied))]


def _copying(
    session: ImapSession, command: Command, numbers: list[int], target: str
) -> Iterator[bytes]:
    """Copy all messages or none; none is copied when the client disconnects before the end."""
    selection = session.selected
    view = selection.view
    with _creatable(selection, target), closing(view.copying(target)) as copying:
        for some in slices(numbers):
            copying.add([view.uid(number) for number in some])
            yield b""
        copied = copying.commit()
    yield b""
    yield _copied(session, command, copied)


def _copied(session: ImapSession, command: Command, copied: Copied) -> bytes:
    return updates(session, expunge=True) + command.ok(code=_copyuid(copied))


def _move(session: ImapSession, command: Command, *, uid: bool) -> list[Effect]:
    """COPYUID comes first, so that the client knows what the EXPUNGE responses are about.

    It hears of all that was moved when the rest was refused, too (RFC 6851 §4.3).
    """
    numbers, target = _arguments(session, command, uid=uid)
    view = session.selected.view
    session.selected.check_writable()
    moved: dict[int, list[tuple[int, int]]] = {}  # by UIDVALIDITY of the target

    def move(numbers: list[int]) -> bytes:
        with _creatable(session.selected, target):
            copied = view.move(numbers, target)
        moved.setdefault(copied.uid_validity, []).extend(copied.uids)
        return b""

    def end(refused: StatusError | None) -> Iterator[bytes]:
        codes = [_copyuid(Copied(validity, uids)) for validity, uids in moved.items()]
        yield b"".join(status(b"*", b"OK", "Moved", code) for code in codes if code)
        yield b""
        yield updates(session, expunge=True)
        yield command.ok() if refused is None else command.refused(refused)

    return in_slices(command, numbers, move, end)


@contextmanager
def _creatable(selection: Selection, target: str) -> Iterator[None]:
    """Suggest CREATE when the target does not exist (RFC 9051 §6.4.7)."""
    try:
        yield
    except NoSuchMailbox as error:
        if selection.mailbox.removed:
            raise
        raise no_target(error, target) from None


def _arguments(session: ImapSession, command: Command, *, uid: bool) -> tuple[list[int], str]:
    parser = command.arguments
    parser.sp()
    messages = parser.sequence_set()
    parser.sp()
    target = parser.mailbox()
    parser.end()
    return session.selected.numbers(messages, uid=uid), target


def _copyuid(copied: Copied) -> str | None:
    if not copied.uids:
        return None
    source = sequence.written(before for before, _ in copied.uids)
    target = sequence.written(after for _, after in copied.uids)
    return f"COPYUID {copied.uid_validity} {source} {target}"
