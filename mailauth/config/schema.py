"""What a configuration may say: a key is a field, a default stands here and nowhere else."""

import abc
import enum
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from mailauth.faults import Fault
from mailauth.login.accounts import Role
from mailauth.login.policy import Cleartext

if TYPE_CHECKING:
    from mailauth.wire import networks

    Network = networks.Network
else:

    class Network(abc.ABC):  # noqa: B024
        """Both kinds of network under one name: msgspec knows neither, and takes one such type."""

    Network.register(IPv4Network)
    Network.register(IPv6Network)

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class ListenerProtocol(enum.Enum):
    """What a listener speaks."""

    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"
    HTTP = "http"


class TlsMode(enum.Enum):
    """How TLS begins on a listener: never, by STARTTLS/STLS, or at once."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


class ClientCertificates(enum.Enum):
    """Whether a TLS client is asked for a certificate; one that it shows must be good."""

    NONE = "none"
    WANTED = "wanted"
    REQUIRED = "required"


TlsVersion = Literal["1.0", "1.1", "1.2", "1.3"]


class ListenerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[listener]]`; port 0 is a free port. Where HTTP says nothing about TLS it is `none`.

    `tls_minimum` is that of `[tls]` where it is not said. `mechanisms` are the only ones by which
    somebody can log in, in the order in which they are announced.
    `fault` is what it does wrong on purpose, one thing or several.
    """

    name: Text
    protocol: ListenerProtocol
    port: Port
    address: str = "127.0.0.1"
    tls: TlsMode = TlsMode.STARTTLS
    tls_minimum: TlsVersion | None = None
    client_certificates: ClientCertificates = ClientCertificates.NONE
    cleartext: Cleartext = Cleartext.ALLOW
    mechanisms: tuple[str, ...] | None = None
    proxy_from: tuple[Network, ...] = ()
    fault: Fault | tuple[Fault, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that it does wrong on purpose."""
        return self.fault if isinstance(self.fault, tuple) else (self.fault,)


class ListenConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[listen]`: the nine standard listeners in one go."""

    address: str = "127.0.0.1"
    port_offset: int = 2000
    client_certificates: ClientCertificates = ClientCertificates.NONE
    cleartext: Cleartext = Cleartext.ALLOW


class HttpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[http]`: the proxies whose Forwarded and X-Forwarded-* headers count, and our names.

    `hosts` are names beside the hostname and those below it.
    """

    forwarded_from: tuple[Network, ...] = ()
    hosts: tuple[str, ...] = ()


class TlsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[tls]`: the certificate with its chain, its key, and the lowest version spoken.

    `client_ca` vouches for clients; where it is empty there is a CA of our own for that.
    """

    certificate: Text = "certs/server.pem"
    key: Text = "certs/server.key"
    minimum: TlsVersion = "1.2"
    client_ca: str = ""


class Durability(enum.Enum):
    """When a line counts as written: handed to the kernel, or on the disk."""

    OS = "os"
    DISK = "disk"


class OnFailure(enum.Enum):
    """What becomes of a login that cannot be recorded."""

    REFUSE = "refuse"
    ALLOW = "allow"


class Rotate(enum.Enum):
    """When a log file gives way to a new one."""

    NONE = "none"
    DAILY = "daily"
    SIZE = "size"


class LogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[log]`; `size` is in octets, and `keep` a number of older files of each log, 0 for all."""

    directory: Text = "logs"
    durability: Durability = Durability.OS
    on_failure: OnFailure = OnFailure.REFUSE
    rotate: Rotate = Rotate.DAILY
    size: Annotated[int, msgspec.Meta(ge=65_536)] = 100_000_000
    keep: Annotated[int, msgspec.Meta(ge=0)] = 0


class GeoipConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[geoip]`; an empty database is the embedded one. `overrides` says a name for each network,
    `lan` which networks are local besides the private ones."""

    database: str = ""
    overrides: dict[str, str] = {}
    lan: tuple[Network, ...] = ()


class BlockConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[block]`: the failures an address may have, and how long after the last it is blocked."""

    attempts: Annotated[int, msgspec.Meta(ge=1)] = 5
    minutes: Annotated[float, msgspec.Meta(gt=0)] = 10
    friendly: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[server]`."""

    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1


class UsersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[users]`: a Dovecot passwd-file beside the `[[user]]` tables."""

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
    """A whole `mailauth.toml`; `listener` is what is served, spelled out or expanded."""

    hostname: str = "localhost"
    timezone: str = "local"
    listen: ListenConfig = ListenConfig()
    listener: tuple[ListenerConfig, ...] = ()
    http: HttpConfig = HttpConfig()
    tls: TlsConfig = TlsConfig()
    log: LogConfig = LogConfig()
    geoip: GeoipConfig = GeoipConfig()
    block: BlockConfig = BlockConfig()
    server: ServerConfig = ServerConfig()
    users: UsersConfig = UsersConfig()
    user: tuple[UserConfig, ...] = ()
