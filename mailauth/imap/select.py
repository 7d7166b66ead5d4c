"""SELECT, EXAMINE and UNSELECT (RFC 9051 §6.3.2, §6.3.3, §6.4.2, RFC 7162)."""

from mailauth.imap import condstore
from mailauth.imap.command import Command
from mailauth.imap.errors import refusal
from mailauth.imap.listing import list_response
from mailauth.imap.responses import mailbox as mailbox_name
from mailauth.imap.responses import status
from mailauth.imap.selection import Selection
from mailauth.imap.session import ImapSession
from mailauth.imap.updates import completed, permitted_flags
from mailauth.mailbox.errors import MailboxError
from mailauth.wire.effects import Effect, Write


def select(session: ImapSession, command: Command) -> list[Effect]:
    """SELECT"""
    return _open(session, command, read_only=False)


def examine(session: ImapSession, command: Command) -> list[Effect]:
    """EXAMINE: SELECT read-only."""
    return _open(session, command, read_only=True)


def unselect(session: ImapSession, command: Command) -> list[Effect]:
    """UNSELECT: deselect without expunging (RFC 3691)."""
    command.arguments.end()
    session.unselect()
    return completed(session, command)


def _open(session: ImapSession, command: Command, *, read_only: bool) -> list[Effect]:
    parser = command.arguments
    parser.sp()
    name = parser.mailbox_as_given()
    parameters = []
    if not parser.at_end():
        parser.sp()
        parameters = parser.parenthesized(lambda: parser.expect(b"CONDSTORE"))
    parser.end()

    said = []
    if session.selection is not None:
        session.unselect()  # for good, even if the new mailbox cannot be opened
        said.append(status(b"*", b"OK", "The previous mailbox is now closed", "CLOSED"))
    if parameters:
        condstore.enable(session)
    try:
        mailbox = session.mail.mailbox(name)
        session.selection = Selection(mailbox, read_only=read_only, changed=session.changed)
        said.append(_selected(session, name))
    except MailboxError as error:
        session.unselect()
        return [Write(b"".join(said) + command.refused(refusal(error)))]
    return completed(
        session, command, b"".join(said), code="READ-ONLY" if read_only else "READ-WRITE"
    )


def _selected(session: ImapSession, given: str) -> bytes:
    """Return the untagged responses to SELECT.

    RECENT and UNSEEN are for IMAP4rev1, LIST is for IMAP4rev2. LIST shows a different name given by
    the client as OLDNAME (§6.3.9.7).
    """
    selection = session.selected
    mailbox, view = selection.mailbox, selection.view
    said = [permitted_flags(selection), b"* %d EXISTS\r\n" % view.exists]
    if session.rev2:
        old = b""
        if given != mailbox.name:
            old = b' ("OLDNAME" (%b))' % mailbox_name(given, utf8=session.utf8)
        entries = (entry for entry in session.mail.entries() if entry.name == mailbox.name)
        said += [list_response(session, entry, info=old) for entry in entries]
    else:
        said.append(b"* %d RECENT\r\n" % view.recent)
        unseen = view.first_unseen()
        if unseen is not None:
            said.append(status(b"*", b"OK", "First unseen message", f"UNSEEN {unseen}"))
    uid_validity = f"UIDVALIDITY {mailbox.uid_validity}"
    said.append(status(b"*", b"OK", "UIDs are valid", uid_validity))
    said.append(status(b"*", b"OK", "Predicted next UID", f"UIDNEXT {mailbox.uid_next}"))
    said.append(condstore.highest_modseq(session))
    return b"".join(said)
