"""COPY and MOVE (RFC 9051 §6.4.7, §6.4.8, RFC 4315, RFC 6851)."""

from mailauth.imap import sequence
from mailauth.imap.command import Command
from mailauth.imap.errors import No
from mailauth.imap.responses import status
from mailauth.imap.session import ImapSession
from mailauth.imap.slices import in_slices
from mailauth.imap.updates import completed, updates
from mailauth.mailbox.errors import NoSuchMailbox
from mailauth.mailbox.store import Copied
from mailauth.wire.effects import Effect


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
    try:
        copied = session.selected.view.copy(numbers, target)
    except NoSuchMailbox as error:
        raise No(str(error), "TRYCREATE") from None
    return completed(session, command, code=_copyuid(copied))


def _move(session: ImapSession, command: Command, *, uid: bool) -> list[Effect]:
    """COPYUID comes first, so that the client knows what the EXPUNGE responses are about."""
    numbers, target = _arguments(session, command, uid=uid)
    view = session.selected.view
    session.selected.check_writable()
    moved: dict[int, list[tuple[int, int]]] = {}  # by UIDVALIDITY of the target

    def move(numbers: list[int]) -> bytes:
        try:
            copied = view.move(numbers, target)
        except NoSuchMailbox as error:
            raise No(str(error), "TRYCREATE") from None
        moved.setdefault(copied.uid_validity, []).extend(copied.uids)
        return b""

    def end() -> bytes:
        codes = [_copyuid(Copied(validity, uids)) for validity, uids in moved.items()]
        said = b"".join(status(b"*", b"OK", "Moved", code) for code in codes if code)
        return said + updates(session, expunge=True) + command.ok()

    return in_slices(command, numbers, move, end)


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
