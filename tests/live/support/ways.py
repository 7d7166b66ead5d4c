"""The ways in: a listener, and how the client protects its connection to it."""

import enum
from pathlib import Path

import msgspec

from mailauth.config import TlsMode, load
from mailauth.login.event import Service
from mailauth.login.hop import Security

HOST = "localhost"
BOB = "bob@mydomain.com"
MARY = "mary@mydomain.com"
PASSWORD = "secret"


class Way(msgspec.Struct, frozen=True):
    """A way to log in."""

    listener: str
    protocol: Service
    security: Security

    def __str__(self) -> str:
        return f"{self.listener}{'+starttls' if self.starttls else ''}"

    @property
    def starttls(self) -> bool:
        """Whether TLS begins with STARTTLS or STLS."""
        return self.security is Security.STARTTLS

    @property
    def implicit(self) -> bool:
        """Whether TLS begins with the first byte."""
        return self.security is Security.IMPLICIT

    @property
    def secure(self) -> bool:
        """What the line must say."""
        return self.security is not Security.CLEARTEXT


_SECURITIES = {
    TlsMode.NONE: [Security.CLEARTEXT],
    TlsMode.STARTTLS: [Security.CLEARTEXT, Security.STARTTLS],
    TlsMode.IMPLICIT: [Security.IMPLICIT],
}

WAYS = [
    Way(listener.name, listener.service, security)
    for listener in load(None).listener
    for security in _SECURITIES[listener.tls]
]
IMAP, POP3, SMTP, HTTP = (
    [way for way in WAYS if way.protocol is protocol]
    for protocol in (Service.IMAP, Service.POP3, Service.SMTP, Service.HTTP)
)
SUBMISSION = [way for way in SMTP if way.listener != "smtp"]


class Care(enum.Enum):
    """What a client insists on, where the program leaves it to who sets it up."""

    FULL = "TLS with a server that the CA vouches for"
    ANY_SERVER = "TLS, with whomever"
    IF_OFFERED = "TLS where it is offered"


class Access(msgspec.Struct, frozen=True):
    """What somebody sets in a mail client; `home` is where it keeps its own files."""

    way: Way
    port: int
    ca: Path
    home: Path
    name: str
    password: str
    care: Care = Care.FULL

    @property
    def scheme(self) -> str:
        """The URL scheme, which has an `s` for implicit TLS only."""
        return self.way.protocol.value.lower() + ("s" if self.way.implicit else "")

    @property
    def server(self) -> str:
        """The scheme, the host and the port of a URL."""
        return f"{self.scheme}://{HOST}:{self.port}"
