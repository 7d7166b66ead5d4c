"""NeoMutt: reading by IMAP and POP3, and sending by SMTP."""

from mailauth.login.event import Service
from mailauth.login.hop import Security
from tests.live.support.letters import Letter
from tests.live.support.programs import configuration, run
from tests.live.support.terminal import Terminal
from tests.live.support.ways import HOST, Access, Care

_TLS = {
    Security.CLEARTEXT: "set ssl_starttls=no ssl_force_tls=no\n",
    Security.STARTTLS: "set ssl_starttls=yes ssl_force_tls=yes\n",
    Security.IMPLICIT: "set ssl_force_tls=yes\n",
}


def _url(access: Access) -> str:
    scheme = access.scheme.replace("pop3", "pop")
    return f"{scheme}://{access.name.replace('@', '%40')}@{HOST}:{access.port}/"


def _rc(access: Access, more: str = "") -> str:
    """Configure it; which mechanism it logs in by is left to it."""
    kind = access.way.protocol.value.lower().replace("pop3", "pop")
    optional = "set ssl_force_tls=no\n" if access.care is Care.IF_OFFERED else ""
    return configuration(
        access.home / "neomuttrc",
        f"{_TLS[access.way.security]}{optional}"
        f"set {kind}_pass='{access.password}' certificate_file='{access.ca}'\n"
        f"set from='{access.name}' sleep_time=0 tmpdir='{access.home}'\n"
        "set delete=yes move=no confirmappend=no confirmcreate=no mark_old=no\n" + more,
    )


def _open(access: Access, more: str = "") -> Terminal:
    folder = _url(access) + ("INBOX" if access.way.protocol is Service.IMAP else "")
    return Terminal("neomutt", "-n", "-F", _rc(access, more), "-f", folder, home=access.home)


def work(access: Access) -> str:
    """Read, file, flag and delete."""
    with _open(access, f"set folder='{_url(access)}'\n") as neomutt:
        shown = neomutt.see("Delete me")
        neomutt.type("/Read\n\n")
        shown += neomutt.see("read me.")
        neomutt.type("q/File\ns=Archive\n/Flag\nF/Delete\ndq")
        return shown + neomutt.ended()


def look(access: Access) -> None:
    """Look whether there is mail."""
    with _open(access, f"set folder='{access.home}'\n") as neomutt:
        neomutt.see("Welcome to mailauth")
        neomutt.type("q")
        neomutt.ended()


def fetch(access: Access) -> str:
    """Take what is in a maildrop."""
    mbox = access.home / "mbox"
    with _open(access, f"set mbox_type=mbox folder='{access.home}'\n") as neomutt:
        neomutt.see("Dots")
        neomutt.type(f"s{mbox}\nq")
        neomutt.ended()
    return mbox.read_text()


def send(access: Access, letter: Letter) -> None:
    """Send a mail; it makes the header itself."""
    rc = _rc(access, f"set smtp_url='{_url(access)}' record=''\n")
    command = ("neomutt", "-n", "-F", rc, "-s", letter.subject, letter.recipient)
    run(*command, home=access.home, given=letter.body)


def write(reading: Access, sending: Access, letter: Letter) -> None:
    """Open the mailbox, write a mail there and send it; a copy goes into the Sent folder."""
    body = configuration(sending.home / "body", letter.body)
    settings = (
        f"set smtp_url='{_url(sending)}' smtp_pass='{sending.password}'\n"
        f"set folder='{_url(reading)}' record='=Sent' editor='cp {body}' abort_unmodified=no\n"
    )
    with _open(reading, settings) as neomutt:
        neomutt.see("Msgs:")
        neomutt.type(f"m{letter.recipient}\n{letter.subject}\n")
        neomutt.see("Security:")
        neomutt.type("y")
        neomutt.see("Mail sent")
        neomutt.type("q")
        neomutt.ended()
