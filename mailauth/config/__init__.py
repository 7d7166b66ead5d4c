"""The configuration: TOML is converted to frozen structs; errors name the key."""

from mailauth.config.accounts import accounts_of
from mailauth.config.errors import ConfigError
from mailauth.config.listeners import check_faults
from mailauth.config.load import FILE_NAME, load, load_watching
from mailauth.config.schema import (
    BlockConfig,
    ClientCertificates,
    Config,
    Durability,
    GeoipConfig,
    HttpConfig,
    ListenConfig,
    ListenerConfig,
    LogConfig,
    Network,
    OnFailure,
    ReporterConfig,
    ReporterKind,
    Rotate,
    ServerConfig,
    ServiceName,
    TlsConfig,
    TlsMode,
    UserConfig,
    UsersConfig,
)

__all__ = [
    "FILE_NAME",
    "BlockConfig",
    "ClientCertificates",
    "Config",
    "ConfigError",
    "Durability",
    "GeoipConfig",
    "HttpConfig",
    "ListenConfig",
    "ListenerConfig",
    "LogConfig",
    "Network",
    "OnFailure",
    "ReporterConfig",
    "ReporterKind",
    "Rotate",
    "ServerConfig",
    "ServiceName",
    "TlsConfig",
    "TlsMode",
    "UserConfig",
    "UsersConfig",
    "accounts_of",
    "check_faults",
    "load",
    "load_watching",
]
