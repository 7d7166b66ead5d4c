"""msmtp and mpop, which have the same author and are configured alike."""

from mailauth.login.hop import Security
from tests.live.support.letters import Letter
from tests.live.support.programs import configuration, run
from tests.live.support.ways import HOST, Access, Care

_TLS = {
    Security.CLEARTEXT: "tls off",
    Security.STARTTLS: "tls on\ntls_starttls on",
    Security.IMPLICIT: "tls on\ntls_starttls off",
}


def _trust(access: Access) -> str:
    if access.care is Care.ANY_SERVER:
        return "tls_certcheck off\n"
    return f"tls_trust_file {access.ca}\n"


def _rc(access: Access, more: str) -> str:
    return configuration(
        access.home / "rc",
        f"account default\nhost {HOST}\nport {access.port}\nuser {access.name}\n"
        f"password {access.password}\n{_TLS[access.way.security]}\n"
        f"{_trust(access)}{more}",
    )


def send(access: Access, letter: Letter) -> None:
    """Send a mail with msmtp."""
    rc = _rc(access, f"from {access.name}\nauth plain\n")
    run("msmtp", f"--file={rc}", letter.recipient, home=access.home, given=str(letter))


def fetch(access: Access) -> str:
    """Take what is in a maildrop with mpop."""
    mbox = access.home / "mbox"
    more = f"auth on\ndelivery mbox {mbox}\nreceived_header off\nuidls_file {access.home}/uidls\n"
    run("mpop", "--quiet", "--keep=off", f"--file={_rc(access, more)}", home=access.home)
    return mbox.read_text()
