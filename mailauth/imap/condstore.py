"""CONDSTORE (RFC 7162 §3.1): several commands imply that the client understands MODSEQ."""

from mailauth.imap.responses import status
from mailauth.imap.session import Extension, ImapSession


def enable(session: ImapSession) -> bytes:
    """Note that the client understands MODSEQ; the first time, return HIGHESTMODSEQ."""
    if session.condstore:
        return b""
    session.enabled.add(Extension.CONDSTORE)
    if session.selection is None:
        return b""
    return highest_modseq(session)


def highest_modseq(session: ImapSession) -> bytes:
    """`* OK [HIGHESTMODSEQ n]` for the selected mailbox."""
    code = f"HIGHESTMODSEQ {session.selected.mailbox.highest_modseq}"
    return status(b"*", b"OK", "Highest mod-sequence", code)
