"""curl."""

from mailauth.login.event import Service
from tests.live.support.letters import Letter
from tests.live.support.programs import run
from tests.live.support.ways import Access, Care

_STARTTLS = {
    Care.FULL: ("--ssl-reqd",),
    Care.ANY_SERVER: ("--ssl-reqd",),
    Care.IF_OFFERED: ("--ssl",),
}


def _curl(access: Access, path: str, *options: str, given: str = "") -> str:
    return run(
        *("curl", "--silent", "--show-error", "--fail", "--cacert", str(access.ca)),
        *(_STARTTLS[access.care] if access.way.starttls else ()),
        *(("--insecure",) if access.care is Care.ANY_SERVER else ()),
        *("--user", f"{access.name}:{access.password}", *options, f"{access.server}/{path}"),
        home=access.home,
        given=given,
    )


def get(access: Access, path: str = "") -> str:
    """Get what is at a path: of IMAP the folders, of POP3 the list, of HTTP a page."""
    return _curl(access, path)


def fetch(access: Access) -> str:
    """Read the first message, which stays."""
    path = "INBOX;MAILINDEX=1" if access.way.protocol is Service.IMAP else "1"
    return _curl(access, path).replace("\r\n", "\n")


def send(access: Access, letter: Letter) -> None:
    """Send a mail."""
    sender = ("--mail-from", access.name, "--mail-rcpt", letter.recipient)
    _curl(access, "me.example", *sender, "--upload-file", "-", "--crlf", given=str(letter))
