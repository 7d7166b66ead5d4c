"""The clients: what each speaks, how it begins TLS, how it logs in, and which version it is."""

import json
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from mailauth.config import TlsMode
from mailauth.login.event import Service
from mailauth.login.hop import Security
from tests.live.support.clients import (
    curl,
    fetchmail,
    getmail,
    marlam,
    mbsync,
    neomutt,
    offlineimap,
    s_nail,
    swaks,
)
from tests.live.support.letters import Letter
from tests.live.support.programs import run
from tests.live.support.thunderbird.program import Thunderbird
from tests.live.support.ways import Access, Care
from tools.gauntlet import standard_library

IMAP, POP3, SMTP = Service.IMAP, Service.POP3, Service.SMTP
BOTH = (TlsMode.STARTTLS, TlsMode.IMPLICIT)

_NODE = Path(__file__).parents[2] / "tests" / "live" / "support" / "node"


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client; `program` is found on the PATH, and `version` says which one it is."""

    program: str
    protocols: tuple[Service, ...]
    log_in: Callable[[Access], object]
    version: Callable[[], str]
    tls: tuple[TlsMode, ...] = BOTH
    care: Care = Care.FULL
    jobs: int = 6  # at a time; a stalled handshake is waited for half a minute
    seconds: int = 45  # until it has hung


def _letter(access: Access) -> Letter:
    return Letter(access.name, access.name, "Gauntlet", "Hello\n")


def _first_line(*command: str) -> Callable[[], str]:
    def version() -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        return (done.stdout or done.stderr).splitlines()[0].strip()

    return version


def _npm(name: str) -> Callable[[], str]:
    def version() -> str:
        package = json.loads((_NODE / "node_modules" / name / "package.json").read_text("utf-8"))
        return f"{name} {package['version']}, Node.js {_first_line('node', '--version')()}"

    return version


def _curl(access: Access) -> None:
    if access.way.protocol is SMTP:
        curl.send(access, _letter(access))
    else:
        curl.fetch(access)


def _neomutt(access: Access) -> None:
    if access.way.protocol is SMTP:
        neomutt.send(access, _letter(access))
    else:
        neomutt.look(access)


def _s_nail(access: Access) -> None:
    if access.way.protocol is SMTP:
        s_nail.send(access, _letter(access))
    else:
        s_nail.fetch(access)


def _node(access: Access) -> None:
    settings = {
        "protocol": access.way.protocol.value,
        "security": access.way.security.value,
        "care": access.care.name,
        "port": access.port,
        "user": access.name,
        "password": access.password,
    }
    command = ("node", str(_NODE / "login.js"), json.dumps(settings))
    run(*command, home=access.home, NODE_EXTRA_CA_CERTS=str(access.ca))


_THUNDERBIRD_SECONDS = 260  # it waits for a silent server for 100 seconds, twice


def _thunderbird(access: Access) -> None:
    profile = access.home / "profile"
    profile.mkdir()
    program = Thunderbird(profile, _THUNDERBIRD_SECONDS)
    try:
        program.run("trust", access.ca.read_text())
        mode = {Security.STARTTLS: "alwaysSTARTTLS", Security.IMPLICIT: "SSL"}[access.way.security]
        arguments = (access.port, mode, access.name, access.password)
        if access.way.protocol is SMTP:
            program.run("sendBy", *arguments)
        else:
            program.run("logIn", access.way.protocol.value.lower(), *arguments)
    finally:
        program.quit()


def _careless(client: Client, care: Care = Care.ANY_SERVER, **instead: object) -> Client:
    return msgspec.structs.replace(client, care=care, **instead)


_STARTTLS = (TlsMode.STARTTLS,)

_CURL = Client(
    program="curl",
    protocols=(IMAP, POP3, SMTP),
    log_in=_curl,
    version=_first_line("curl", "--version"),
)
_SWAKS = Client(
    program="swaks",
    protocols=(SMTP,),
    log_in=lambda access: swaks.send(access, _letter(access)),
    version=_first_line("swaks", "--version"),
)
_FETCHMAIL = Client(
    program="fetchmail",
    protocols=(IMAP, POP3),
    log_in=fetchmail.fetch,
    version=_first_line("fetchmail", "--version"),
)
_MPOP = Client(
    program="mpop",
    protocols=(POP3,),
    log_in=marlam.fetch,
    version=_first_line("mpop", "--version"),
)
_MSMTP = Client(
    program="msmtp",
    protocols=(SMTP,),
    log_in=lambda access: marlam.send(access, _letter(access)),
    version=_first_line("msmtp", "--version"),
)
_NEOMUTT = Client(
    program="neomutt",
    protocols=(IMAP, POP3, SMTP),
    log_in=_neomutt,
    version=_first_line("neomutt", "-v"),
)
_GETMAIL = Client(
    program="getmail",
    protocols=(IMAP, POP3),
    log_in=getmail.fetch,
    version=_first_line("getmail", "--version"),
    tls=(TlsMode.IMPLICIT,),
)
_PYTHON = Client(
    program=sys.executable,
    protocols=(IMAP, POP3, SMTP),
    log_in=standard_library.log_in,
    version=lambda: f"Python {platform.python_version()}",
)
_IMAPFLOW = Client(program="node", protocols=(IMAP,), log_in=_node, version=_npm("imapflow"))
_NODEMAILER = Client(program="node", protocols=(SMTP,), log_in=_node, version=_npm("nodemailer"))
_NODE_POP3 = Client(
    program="node",
    protocols=(POP3,),
    log_in=_node,
    version=_npm("node-pop3"),
    tls=(TlsMode.IMPLICIT,),
)

CLIENTS = {
    "curl": _CURL,
    "curl --insecure": _careless(_CURL),
    "curl --ssl": _careless(_CURL, Care.IF_OFFERED, tls=_STARTTLS),
    "swaks --tls-verify": _SWAKS,
    "swaks": _careless(_SWAKS),
    "swaks --tls-optional": _careless(_SWAKS, Care.IF_OFFERED, tls=_STARTTLS),
    "fetchmail": _FETCHMAIL,
    "fetchmail, no sslcertck": _careless(_FETCHMAIL),
    "mpop": _MPOP,
    "mpop, tls_certcheck off": _careless(_MPOP),
    "msmtp": _MSMTP,
    "msmtp, tls_certcheck off": _careless(_MSMTP),
    "mbsync": Client(
        program="mbsync",
        protocols=(IMAP,),
        log_in=mbsync.sync,
        version=_first_line("mbsync", "--version"),
    ),
    "offlineimap": Client(
        program="offlineimap",
        protocols=(IMAP,),
        log_in=offlineimap.sync,
        version=_first_line("offlineimap", "--version"),
    ),
    "neomutt": _NEOMUTT,
    "neomutt, ssl_force_tls=no": _careless(_NEOMUTT, Care.IF_OFFERED, tls=_STARTTLS),
    "getmail6": _GETMAIL,
    "getmail6 without ca_certs": _careless(_GETMAIL),
    "s-nail": Client(
        program="s-nail",
        protocols=(IMAP, POP3, SMTP),
        log_in=_s_nail,
        version=_first_line("s-nail", "-:/", "--version"),
    ),
    "imaplib, poplib, smtplib": _PYTHON,
    "the same without a context": _careless(_PYTHON),
    "imapflow": _IMAPFLOW,
    "imapflow, rejectUnauthorized false": _careless(_IMAPFLOW),
    "imapflow by default": _careless(_IMAPFLOW, Care.IF_OFFERED, tls=_STARTTLS),
    "nodemailer": _NODEMAILER,
    "nodemailer, rejectUnauthorized false": _careless(_NODEMAILER),
    "nodemailer by default": _careless(_NODEMAILER, Care.IF_OFFERED, tls=_STARTTLS),
    "node-pop3": _NODE_POP3,
    "node-pop3, rejectUnauthorized false": _careless(_NODE_POP3),
    "Thunderbird": Client(
        program="thunderbird",
        protocols=(IMAP, POP3, SMTP),
        log_in=_thunderbird,
        jobs=2,
        seconds=_THUNDERBIRD_SECONDS,
        version=_first_line("thunderbird", "--version"),
    ),
}


def version_of(name: str) -> str:
    """Return what the program says of itself, shortened to name and number."""
    said = CLIENTS[name].version()
    found = re.match(r".*?\d+(?:\.\w+)+(?:, Node\.js v[\d.]+)?", said)
    return found[0] if found else said
