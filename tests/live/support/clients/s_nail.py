"""s-nail, a mailx, told by lines what to do."""

from mailauth.login.event import Service
from tests.live.support.letters import Letter
from tests.live.support.programs import configuration, run
from tests.live.support.ways import HOST, Access


def _url(access: Access, folder: str = "") -> str:
    name = access.name.replace("@", "%40")
    return f"{access.scheme}://{name}:{access.password}@{HOST}:{access.port}{folder}"


def _s_nail(access: Access, settings: str, *arguments: str, given: str) -> str:
    protocol = access.way.protocol.value.lower()
    rc = configuration(
        access.home / "mailrc",
        f"set v15-compat\nset errexit\nset tls-ca-file={access.ca}\nset tls-verify=strict\n"
        + (f"set {protocol}-use-starttls\n" if access.way.starttls else "")
        + settings,
    )
    return run("s-nail", "-:/", "-X", f"source {rc}", *arguments, home=access.home, given=given)


def _read(access: Access, *commands: str) -> str:
    folder = _url(access, "/INBOX" if access.way.protocol is Service.IMAP else "")
    told = "".join(f"{command}\n" for command in (f"folder {folder}", *commands, "quit"))
    return _s_nail(access, "set pop3-auth=plain\nset imap-auth=login\n", "-#", given=told)


def work(access: Access) -> str:
    """Read, file, flag and delete."""
    return _read(
        access,
        "headers",
        "type 1",
        f"move 2 {_url(access, '/Archive')}",
        "flag 3",
        "delete 4",
    )


def fetch(access: Access) -> str:
    """Take what is in a maildrop."""
    mbox = access.home / "mbox"
    _read(access, f"copy 1 {mbox}", "delete 1")
    return mbox.read_text()


def send(access: Access, letter: Letter) -> None:
    """Send a mail; it makes the header itself."""
    settings = (
        f"set mta={_url(access)}\nset smtp-auth=plain\nset from={access.name}\nset sendwait\n"
    )
    _s_nail(access, settings, "-s", letter.subject, letter.recipient, given=letter.body)
