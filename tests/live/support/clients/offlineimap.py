"""OfflineIMAP."""

import mailbox

from tests.live.support.programs import configuration, run
from tests.live.support.ways import HOST, Access


def folder(access: Access, name: str) -> mailbox.Maildir:
    """Return the local twin of a folder."""
    return mailbox.Maildir(access.home / "Mail" / name)


def sync(access: Access) -> None:
    """Bring both sides to the same state."""
    rc = configuration(
        access.home / "offlineimaprc",
        f"[general]\naccounts = all\nmetadata = {access.home}/metadata\n"
        "[Account all]\nlocalrepository = here\nremoterepository = there\n"
        f"[Repository here]\ntype = Maildir\nlocalfolders = {access.home}/Mail\n"
        f"[Repository there]\ntype = IMAP\nremotehost = {HOST}\nremoteport = {access.port}\n"
        f"remoteuser = {access.name}\nremotepass = {access.password}\n"
        f"ssl = {access.way.implicit}\nstarttls = {access.way.starttls}\n"
        f"sslcacertfile = {access.ca}\nmaxconnections = 1\n",
    )
    run("offlineimap", "-o", "-u", "basic", "-c", rc, home=access.home)
