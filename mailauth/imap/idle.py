"""IDLE: report the changes of other sessions at once (RFC 2177, RFC 9051 §6.3.13)."""

from mailauth.imap.command import Command
from mailauth.imap.errors import refusal
from mailauth.imap.responses import bye, status
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed, leave_deleted, updates
from mailauth.mailbox.errors import MailboxError
from mailauth.wire.effects import Close, Effect, Write


def idle(session: ImapSession, command: Command) -> list[Effect]:
    """IDLE"""
    command.arguments.end()
    idling = Idling(session, command)
    session.continuation = idling
    return [Write(b"+ idling\r\n"), *idling.notified()]


class Idling:
    """An IDLE command that waits for DONE."""

    __slots__ = ("_command", "_session")

    def __init__(self, session: ImapSession, command: Command) -> None:
        self._session = session
        self._command = command

    def notified(self) -> list[Effect]:
        """Report what has changed, and keep listening."""
        selection = self._session.selection
        if selection is None:
            return []
        if selection.mailbox.removed:
            return leave_deleted()
        selection.idling = True
        try:
            said = updates(self._session, expunge=True)
        except MailboxError as error:
            refused = refusal(error)
            return [Write(bye(refused.text, refused.code)), Close()]
        return [Write(said)] if said else []

    def line(self, line: bytes) -> list[Effect]:
        """Take DONE; any other line ends IDLE with BAD."""
        session = self._session
        session.continuation = None
        if session.selection is not None:
            session.selection.idling = False
        if line.upper() != b"DONE":
            return [Write(status(self._command.tag, b"BAD", "Expected DONE"))]
        try:
            return completed(session, self._command)
        except MailboxError as error:
            return [Write(self._command.refused(refusal(error)))]

    def line_too_long(self) -> list[Effect]:
        """The line is too long to be DONE."""
        return self.line(b"")
