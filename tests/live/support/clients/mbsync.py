"""mbsync, the program of isync."""

import mailbox

from mailauth.login.hop import Security
from tests.live.support.programs import configuration, run
from tests.live.support.ways import HOST, Access

_TLS = {
    Security.CLEARTEXT: "SSLType None",
    Security.STARTTLS: "SSLType STARTTLS",
    Security.IMPLICIT: "SSLType IMAPS",
}


def folder(access: Access, name: str) -> mailbox.Maildir:
    """Return the local twin of a folder."""
    return mailbox.Maildir(access.home / "Mail" / name)


def sync(access: Access) -> None:
    """Bring both sides to the same state."""
    mail = access.home / "Mail"
    mail.mkdir(exist_ok=True)
    rc = configuration(
        access.home / "mbsyncrc",
        f"IMAPStore there\nHost {HOST}\nPort {access.port}\nUser {access.name}\n"
        f"Pass {access.password}\n{_TLS[access.way.security]}\nCertificateFile {access.ca}\n\n"
        f"MaildirStore here\nPath {mail}/\nInbox {mail}/INBOX\nSubFolders Verbatim\n\n"
        "Channel all\nFar :there:\nNear :here:\nPatterns *\nCreate Both\nExpunge Both\n"
        "SyncState *\nSync All\n",
    )
    run("mbsync", "--config", rc, "--all", home=access.home)
