"""Untagged responses about changes by other sessions (RFC 9051 §5.2, §7.4, RFC 2180)."""

from mailauth.imap.command import Command
from mailauth.imap.responses import bye, flag_list, flags, status
from mailauth.imap.selection import Selection
from mailauth.imap.session import ImapSession
from mailauth.mailbox.message import Message
from mailauth.mailbox.view import Changed, Exists, Expunged
from mailauth.wire.effects import Close, Effect, Write


def completed(
    session: ImapSession,
    command: Command,
    said: bytes = b"",
    *,
    text: str | None = None,
    code: str | None = None,
    expunge: bool = True,
) -> list[Effect]:
    """End a command with its own responses, the changes of other sessions, and the tagged OK."""
    return [Write(said + updates(session, expunge=expunge) + command.ok(text, code))]


def updates(session: ImapSession, *, expunge: bool) -> bytes:
    """Return untagged responses for changes that the client does not know.

    `expunge` is false for FETCH, STORE and SEARCH, during which message numbers must not change.
    """
    selection = session.selection
    if selection is None:
        return b""
    found = selection.view.updates(expunge=expunge)
    if not found:
        return b""
    said = [new_keywords(selection)]
    for update in found:
        match update:
            case Expunged(number, _):
                said.append(b"* %d EXPUNGE\r\n" % number)
            case Exists(messages, recent):
                said.append(b"* %d EXISTS\r\n" % messages)
                if not session.rev2:
                    said.append(b"* %d RECENT\r\n" % recent)
            case Changed(number, message):
                said.append(changed(session, number, message, uid=True))
    return b"".join(said)


def leave_deleted() -> list[Effect]:
    """End the connection because another session has deleted its mailbox (RFC 2180 §3.3)."""
    return [Write(bye("The selected mailbox was deleted")), Close()]


def changed(
    session: ImapSession, number: int, message: Message, *, uid: bool, with_flags: bool = True
) -> bytes:
    """`* number FETCH`: a message's flags, and its MODSEQ if the client understands it."""
    items = []
    if uid or session.condstore:  # RFC 7162 §3.2.4
        items.append(b"UID %d" % message.uid)
    if with_flags:
        items.append(b"FLAGS %b" % shown_flags(session, message))
    if session.condstore:
        items.append(b"MODSEQ (%d)" % message.modseq)
    return b"* %d FETCH (%b)\r\n" % (number, b" ".join(items))


def shown_flags(session: ImapSession, message: Message) -> bytes:
    r"""Return a message's flags as this session sees them, including `\Recent`."""
    recent = session.selected.view.is_recent(message.uid) and not session.rev2
    return flags(message.flags, recent=recent)


def new_keywords(selection: Selection) -> bytes:
    """FLAGS and PERMANENTFLAGS if there are keywords that the client does not know."""
    if selection.keywords_told.issuperset(selection.mailbox.keywords):
        return b""
    return permitted_flags(selection)


def permitted_flags(selection: Selection) -> bytes:
    """FLAGS and PERMANENTFLAGS."""
    keywords = selection.mailbox.keywords
    selection.keywords_told = frozenset(keywords)
    listed = flag_list(keywords)
    if selection.view.read_only:
        permanent, text = "()", "No permanent flags"
    else:
        more = (*keywords, "\\*") if selection.mailbox.takes_keywords else keywords
        permanent, text = flag_list(more).decode("ascii"), "Permanent flags"
    code = f"PERMANENTFLAGS {permanent}"
    return b"* FLAGS %b\r\n" % listed + status(b"*", b"OK", text, code)
