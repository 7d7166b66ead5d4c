"""Alpine, typed at in a terminal; its OpenSSL is told of the CA by SSL_CERT_FILE."""

from urllib.parse import quote, urlencode

from mailauth.login.event import Service
from mailauth.login.hop import Security
from tests.live.support.letters import Letter
from tests.live.support.programs import configuration
from tests.live.support.terminal import Terminal
from tests.live.support.ways import HOST, Access

_TLS = {
    Security.CLEARTEXT: "/notls",
    Security.STARTTLS: "/tls",
    Security.IMPLICIT: "/ssl",
}


def _server(access: Access) -> str:
    pop3 = "/pop3" if access.way.protocol is Service.POP3 else ""
    return f'{HOST}:{access.port}{pop3}{_TLS[access.way.security]}/user="{access.name}"'


def _alpine(access: Access, settings: str, *arguments: str) -> Terminal:
    domain = access.name.partition("@")[2]
    rc = configuration(
        access.home / "pinerc",
        f"customized-hdrs=From: {access.name}\nuser-domain={domain}\n{settings}\n"
        "last-version-used=6.26\nlast-time-prune-questioned=200.1\n"
        "feature-list=quit-without-confirm,expunge-without-confirm-everywhere,enable-flag-cmd\n",
    )
    return Terminal(
        *("alpine", "-p", rc, "-nowrite_password_cache", *arguments),
        home=access.home,
        SSL_CERT_FILE=str(access.ca),
    )


def _inbox(access: Access) -> str:
    folders = f"folder-collections={{{_server(access)}}}[]\n"
    local = access.way.protocol is Service.POP3
    return f"inbox-path={{{_server(access)}}}INBOX\n{'' if local else folders}"


def _log_in(access: Access, alpine: Terminal) -> None:
    alpine.see("ENTER PASSWORD:")
    alpine.type(f"{access.password}\r")
    alpine.see("Preserve password on DISK")
    alpine.type("n")


def work(access: Access) -> str:
    """Read, file, flag and delete."""
    with _alpine(access, _inbox(access), "-i") as alpine:
        _log_in(access, alpine)
        shown = alpine.see("opened with 4 messages")
        alpine.type("\r")
        shown += alpine.see("read me.")
        alpine.type("<ns")
        shown += alpine.see("SAVE Msg #2 to folder")
        alpine.type("Archive\rn*")
        shown += alpine.see("Flag New")
        alpine.type("*ndq")
        return shown + alpine.ended()


def fetch(access: Access) -> str:
    """Take what is in a maildrop."""
    mbox = access.home / "mbox"
    mbox.touch()  # it would ask whether to make it,
    (access.home / "mail").mkdir()  # and dwell on having made this
    with _alpine(access, _inbox(access), "-i") as alpine:
        _log_in(access, alpine)
        alpine.see("Message 1 of 1")  # "opened with 1 message" is not always left to be seen
        alpine.type("s")
        alpine.see("SAVE Msg #1 to folder")
        alpine.type(f"{mbox}\rq")
        alpine.ended()
    return mbox.read_text()


def send(access: Access, letter: Letter) -> None:
    """Send a mail; it makes the header itself."""
    fields = urlencode(
        {"subject": letter.subject, "body": letter.body.removesuffix("\n")}, quote_via=quote
    )
    smtp = f'smtp-server={_server(access)}\ndefault-fcc=""'
    with _alpine(access, smtp, "-url", f"mailto:{letter.recipient}?{fields}") as alpine:
        alpine.see("^X Send")
        alpine.type("\x18")
        alpine.see("Send message")
        alpine.type("y")
        _log_in(access, alpine)
        alpine.ended()
