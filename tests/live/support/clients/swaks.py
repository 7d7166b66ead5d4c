"""swaks, the Swiss army knife for SMTP."""

from mailauth.login.hop import Security
from tests.live.support.letters import Letter
from tests.live.support.programs import run
from tests.live.support.ways import HOST, Access, Care

_TLS = {
    Security.CLEARTEXT: (),
    Security.STARTTLS: ("--tls",),
    Security.IMPLICIT: ("--tls-on-connect",),
}


def _swaks(access: Access, recipient: str, *options: str, given: str = "") -> None:
    trust = ("--tls-verify", "--tls-ca-path", str(access.ca), "--tls-sni", HOST)
    run(
        *("swaks", "--server", HOST, "--port", str(access.port)),
        *(("--tls-optional",) if access.care is Care.IF_OFFERED else _TLS[access.way.security]),
        *(trust if access.way.secure and access.care is not Care.ANY_SERVER else ()),
        *("--auth", "PLAIN", "--auth-user", access.name, "--auth-password", access.password),
        *("--from", access.name, "--to", recipient, *options),
        home=access.home,
        given=given,
    )


def log_in(access: Access) -> None:
    """Log in, and leave."""
    _swaks(access, access.name, "--quit-after", "AUTH")


def send(access: Access, letter: Letter) -> None:
    """Send a mail."""
    _swaks(
        access, letter.recipient, "--data", "-", given=str(letter).removesuffix("\n")
    )  # it ends the line
