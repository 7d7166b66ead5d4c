"""The services that the server offers to clients, and how TLS begins on each. Pure."""

import enum
from collections.abc import Iterable
from types import MappingProxyType

import msgspec

from mailauth.config import ListenerConfig, TlsMode
from mailauth.faults import Fault
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext

# If services are alike, clients are sent to the one made for them (RFC 6409 §3.1, RFC 8314 §3.3).
_PREFERRED = ("submission", "submissions", "smtps")

# RFC 8314 §3: where TLS begins at once, at another server
WELL_KNOWN_TLS_PORTS = MappingProxyType({Service.SMTP: 465, Service.IMAP: 993, Service.POP3: 995})


class OfferedService(msgspec.Struct, frozen=True, kw_only=True):
    """A listener with its actual port."""

    name: str
    protocol: Service
    tls: TlsMode
    port: int
    cleartext: Cleartext = Cleartext.ALLOW
    faults: tuple[Fault, ...] = ()


class ReporterState(msgspec.Struct, frozen=True, kw_only=True):
    """A reporter as it stands now: connections, and reports that it has recorded and refused."""

    name: str
    kind: str
    tls: TlsMode
    port: int
    open: int
    recorded: int
    refused: int


def services_of(listeners: Iterable[ListenerConfig]) -> list[OfferedService]:
    """Return the configured listeners; one on any free port is left out."""
    return [
        OfferedService(
            name=listener.name,
            protocol=listener.service,
            tls=listener.tls,
            port=listener.port,
            cleartext=listener.cleartext,
            faults=listener.faults,
        )
        for listener in listeners
        if listener.port
    ]


def tls_ports(services: Iterable[OfferedService]) -> dict[Service, int]:
    """Return the port with implicit TLS of each protocol that has one."""
    ports: dict[Service, int] = {}
    for service in services:
        if service.tls is TlsMode.IMPLICIT:
            ports.setdefault(service.protocol, service.port)
    return ports


class Mode(enum.Enum):
    """How a client protects its connection."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


MAIL = (Service.IMAP, Service.POP3, Service.SMTP)


class Setting(msgspec.Struct, frozen=True):
    """What to set in a client: a service, in one of the modes in which it can be used."""

    service: OfferedService
    mode: Mode


def setting(services: Iterable[OfferedService], protocol: Service, mode: Mode) -> Setting | None:
    """Return the setting to recommend, or `None` if the server does not offer this."""
    fitting = [
        service
        for service in services
        if service.protocol is protocol and mode in modes_of(service)
    ]
    fitting.sort(key=lambda service: service.name not in _PREFERRED)
    return Setting(fitting[0], mode) if fitting else None


def settings(services: Iterable[OfferedService], modes: Iterable[Mode]) -> list[Setting]:
    """Return the settings for mail, by protocol, each in the order of `modes`."""
    known = tuple(services)
    wanted = tuple(modes)
    return [
        found
        for protocol in MAIL
        for mode in wanted
        if (found := setting(known, protocol, mode)) is not None
    ]


def modes_of(service: OfferedService) -> tuple[Mode, ...]:
    """Return the modes in which clients can log in to a service."""
    cleartext = (Mode.PLAIN,) if service.cleartext is Cleartext.ALLOW else ()
    match service.tls:
        case TlsMode.IMPLICIT:
            return (Mode.TLS,)
        case TlsMode.STARTTLS:
            return (Mode.STARTTLS, *cleartext)
        case TlsMode.NONE:
            return cleartext
