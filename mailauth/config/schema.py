"""The schema of the configuration: each key is a field, and defaults are given only here."""

import abc
import enum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from mailauth.faults import Fault
from mailauth.login.accounts import Role
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext

if TYPE_CHECKING:
    from mailauth.wire import networks

    Network = networks.Network
else:

    class Network(abc.ABC):  # noqa: B024
        """Both kinds of network in one type: msgspec accepts only one custom type here."""

    Network.register(IPv4Network)
    Network.register(IPv6Network)

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
ServiceName = Annotated[  # a `Service`, as the file spells it
    Literal["smtp", "imap", "pop3", "http"], msgspec.Meta(examples=["smtp", "imap", "pop3", "http"])
]


class TlsMode(enum.Enum):
    """How TLS begins on a listener: never, by STARTTLS/STLS, or at once."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class ClientCertificates(enum.Enum):
    """Whether a TLS client is asked for a certificate; if it sends one, that must be valid."""

    NONE = "none"
    WANTED = "wanted"
    REQUIRED = "required"


class Authentication(enum.Enum):
    """Whether an SMTP client must log in before it sends mail; mail is for the accounts only."""

    REQUIRED = "required"
    OPTIONAL = "optional"


TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]


class ListenerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[listener]]`; port 0 is a free port. For HTTP, the default of `tls` is `none`.

    `tls_minimum` defaults to that of `[tls]`. `mechanisms` are the only ones with which clients can
    log in, in the order in which they are announced. `authentication` is a key of SMTP listeners;
    by default it is optional for a listener named `smtp`, and required for the others. `fault` is a
    deliberate fault, or several.
    """

    name: Text
    protocol: ServiceName
    port: Port
    address: str = "127.0.0.1"
    tls: TlsMode = TlsMode.STARTTLS
    tls_minimum: TlsVersion | None = None
    client_certificates: ClientCertificates = ClientCertificates.NONE
    cleartext: Cleartext = Cleartext.ALLOW
    authentication: Authentication | None = None
    mechanisms: tuple[str, ...] | None = None
    proxy_from: tuple[Network, ...] = ()
    fault: Fault | tuple[Fault, ...] = ()

    @property
    def service(self) -> Service:
        """The service, as the record calls it."""
        return Service(self.protocol.upper())

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All deliberate faults."""
        return self.fault if isinstance(self.fault, tuple) else (self.fault,)

    @property
    def takes_mail_without_login(self) -> bool:
        """Whether a client can send mail to the accounts without a login."""
        if self.protocol != "smtp":
            return False
        if self.authentication is None:
            return self.name == "smtp"
        return self.authentication is Authentication.OPTIONAL


class ReporterKind(enum.Enum):
    """How another server reports its logins."""

    DOVECOT_POLICY = "dovecot-policy"


class ReporterConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[reporter]]`: another server reports its logins as they happen; port 0 is a free port.

    `name` defaults to the kind. `implicit_ports` and `starttls_ports` are ports of the other
    server: what it reports of a login over TLS is not how TLS began.
    """

    kind: ReporterKind
    name: str = ""
    port: Port
    address: str = "127.0.0.1"
    tls: TlsMode = TlsMode.NONE
    token_file: Text
    implicit_ports: tuple[Port, ...] = ()
    starttls_ports: tuple[Port, ...] = ()

    @property
    def listener(self) -> ListenerConfig:
        """Its listening socket."""
        return ListenerConfig(
            name=self.name or self.kind.value,
            protocol="http",
            port=self.port,
            address=self.address,
            tls=self.tls,
        )


class ListenConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[listen]`: the nine standard listeners together."""

    address: str = "127.0.0.1"
    port_offset: int = 2000
    client_certificates: ClientCertificates = ClientCertificates.NONE
    cleartext: Cleartext = Cleartext.ALLOW


class HttpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[http]`: trusted proxies for Forwarded and X-Forwarded-*, and the server's names.

    `hosts` are names besides the hostname and its subdomains.
    """

    forwarded_from: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()


class TlsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[tls]`: the certificate with its chain, its key, and the lowest version.

    `client_ca` vouches for clients; if it is empty, mailauth creates a CA for them.
    """

    certificate: Text = "certs/server.pem"
    key: Text = "certs/server.key"
    minimum: TlsVersion = "1.2"
    client_ca: str = ""


class Durability(enum.Enum):
    """When a line counts as written: when the kernel has it, or when it is on disk."""

    OS = "os"
    DISK = "disk"


class OnFailure(enum.Enum):
    """What happens to a login that cannot be recorded."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Rotate(enum.Enum):
    """When a new log file is started."""

    NONE = "none"
    DAILY = "daily"
    SIZE = "size"


class LogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[log]`; `size` is in octets, `keep` is the number of older files of each log (0: all)."""

    directory: Text = "logs"
    durability: Durability = Durability.OS
    on_failure: OnFailure = OnFailure.REFUSE
    rotate: Rotate = Rotate.DAILY
    size: Annotated[int, msgspec.Meta(ge=65_536)] = 100_000_000
    keep: Annotated[int, msgspec.Meta(ge=0)] = 0


class GeoipConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[geoip]`; an empty database means the embedded one.

    `overrides` maps networks to names, and `lan` lists local networks besides the private ones.
    """

    database: str = ""
    overrides: dict[str, str] = {}
    lan: tuple[Network, ...] = ()


class BlockConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[block]`: how many failures an address may have, and how long it is then blocked."""

    attempts: Annotated[int, msgspec.Meta(ge=1)] = 5
    minutes: Annotated[float, msgspec.Meta(gt=0)] = 10
    friendly: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[server]`."""

    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


class UsersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[users]`: a Dovecot passwd-file, in addition to the `[[user]]` tables."""

    file: str = ""


class UserConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[user]]`, with a password in the clear: a test account."""

    name: Text
    password: Text
    aliases: tuple[Text, ...] = ()
    role: Role = Role.USER
    disabled: bool = False

    def __repr__(self) -> str:
        return f"UserConfig(name={self.name!r})"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole `mailauth.toml`; after loading, `listener` has all listeners."""

    hostname: str = "localhost"
    timezone: str = "local"
    listen: ListenConfig = ListenConfig()
    listener: tuple[ListenerConfig, ...] = ()
    reporter: tuple[ReporterConfig, ...] = ()
    http: HttpConfig = HttpConfig()
    tls: TlsConfig = TlsConfig()
    log: LogConfig = LogConfig()
    geoip: GeoipConfig = GeoipConfig()
    block: BlockConfig = BlockConfig()
    server: ServerConfig = ServerConfig()
    users: UsersConfig = UsersConfig()
    user: tuple[UserConfig, ...] = ()

    @property
    def sockets(self) -> tuple[ListenerConfig, ...]:
        """All listening sockets: those of the listeners, then those of the reporters."""
        return (*self.listener, *(each.listener for each in self.reporter))
