"""Loading a configuration file, or the demo without one."""

import re
import zoneinfo
from collections.abc import Iterable
from pathlib import Path

import msgspec

from mailauth.config.conversion import Table, converted, parsed
from mailauth.config.errors import ConfigError, printable, wrong
from mailauth.config.listeners import (
    check_listeners,
    check_unique,
    located,
    standard_listeners,
)
from mailauth.config.reporters import check_reporters, located_reporters
from mailauth.config.schema import Config, ListenerConfig, TlsMode, UserConfig
from mailauth.login.accounts import DEMO_PASSWORD
from mailauth.login.event import Service
from mailauth.wire.networks import parse_address, parse_network

FILE_NAME = "mailauth.toml"

KEPT_DAYS = 90  # of the logs of a watched server

DEMO_NAMES = ("mary", "charle", "jimmy", "sue", "derek", "michael", "bob")
DEMO_DOMAIN = "mydomain.com"

_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")  # RFC 1123 §2.1


def demo() -> Config:
    """Return the configuration without a file; `listener` is not yet expanded."""
    return Config(
        user=tuple(
            UserConfig(name=f"{name}@{DEMO_DOMAIN}", password=DEMO_PASSWORD) for name in DEMO_NAMES
        )
    )


def load(path: Path | None, *, port_offset: int | None = None, ephemeral: bool = False) -> Config:
    """Load a configuration file (`None`: the demo) and return it with its listeners expanded.

    `port_offset` replaces `[listen] port_offset`; `ephemeral` gives every listener a free port. A
    file can have `[listen]` or `[[listener]]` tables, but not both: it would not be clear whether
    `[listen]` adds listeners or sets defaults for the others. Raises `ConfigError`.
    """
    table: Table = {} if path is None else parsed(_contents(path), path.name)
    config = demo() if path is None else converted(table)
    spelled_out = "listener" in table
    if spelled_out and "listen" in table:
        raise ConfigError("listen: cannot be combined with [[listener]] tables")
    config = msgspec.structs.replace(
        config,
        listener=_spelled_out(config, table, port_offset)
        if spelled_out
        else _standard(config, port_offset),
    )
    if ephemeral:
        config = msgspec.structs.replace(
            config,
            listener=tuple(
                msgspec.structs.replace(listener, port=0) for listener in config.listener
            ),
            reporter=tuple(
                msgspec.structs.replace(reporter, port=0) for reporter in config.reporter
            ),
        )
    _check(config, standard=not spelled_out)
    _check_users(config)
    return config


def load_watching(path: Path | None, *, port: int | None = None, ephemeral: bool = False) -> Config:
    """Load the configuration of a home of `mailauth watch`, which may have none.

    It has HTTP listeners only: the console on loopback unless others are defined. Accounts are for
    the console, and none is needed. Logs are kept for `KEPT_DAYS` unless it says otherwise. `port`
    replaces the port of the first listener. Raises `ConfigError`.
    """
    table: Table = {} if path is None else parsed(_contents(path), path.name)
    config = Config() if path is None else converted(table)
    spelled_out = "listener" in table
    if "listen" in table:
        raise ConfigError("listen: has mail listeners; a home of mailauth watch has [[listener]]")
    if config.reporter:
        raise ConfigError("reporter: only `mailauth serve` has reporters; watch follows logs")
    listeners = (
        _spelled_out(config, table, None)
        if spelled_out
        else tuple(
            each
            for each in standard_listeners(config.listen, "listen.port_offset")
            if each.service is Service.HTTP and each.tls is TlsMode.NONE
        )
    )
    for where, listener in located(listeners, standard=not spelled_out):
        if listener.service is not Service.HTTP:
            raise ConfigError(f'{where}.protocol: expected "http" in a home of mailauth watch')
    if port is not None or ephemeral:
        first = msgspec.structs.replace(listeners[0], port=port or 0)
        listeners = (first, *listeners[1:])
    log = config.log
    if "keep" not in table.get("log", {}):
        log = msgspec.structs.replace(log, keep=KEPT_DAYS)
    config = msgspec.structs.replace(
        config,
        listener=listeners,
        log=log,
        server=msgspec.structs.replace(config.server, workers=1),
    )
    _check(config, standard=not spelled_out)
    return config


def _check(config: Config, *, standard: bool) -> None:
    check_listeners(config.listener, standard=standard)
    check_reporters(config.reporter)
    check_unique(
        (
            *located(config.listener, standard=standard),
            *located_reporters(config.reporter),
        )
    )
    _check_hostname("hostname", config.hostname)
    for number, host in enumerate(config.http.hosts):
        _check_hostname(f"http.hosts[{number}]", host)
    _check_timezone(config.timezone)
    _check_overrides(config.geoip.overrides)
    _check_names(config)
    _check_demo_stays_home(config, standard=standard)


def _contents(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{printable(str(path))}: cannot be read: {error.strerror}") from None


def _standard(config: Config, port_offset: int | None) -> tuple[ListenerConfig, ...]:
    if port_offset is None:
        return standard_listeners(config.listen, "listen.port_offset")
    listen = msgspec.structs.replace(config.listen, port_offset=port_offset)
    return standard_listeners(listen, "--port-offset")


def _spelled_out(
    config: Config, table: Table, port_offset: int | None
) -> tuple[ListenerConfig, ...]:
    if port_offset is not None:
        raise ConfigError("--port-offset: applies to the ports of [listen], not of [[listener]]")
    if not config.listener:
        raise ConfigError("listener: expected at least one listener, got none")
    return tuple(
        msgspec.structs.replace(listener, tls=TlsMode.NONE)
        if listener.service is Service.HTTP and "tls" not in given
        else listener
        for listener, given in zip(config.listener, table["listener"], strict=True)
    )


def _check_hostname(key: str, hostname: str) -> None:
    labels = hostname.split(".")
    whole = all(_LABEL.fullmatch(label) for label in labels) and len(hostname) <= 253
    if not whole or labels[-1].isdigit():
        raise wrong(key, 'a host name such as "mail.example.org"', hostname)


def _check_timezone(name: str) -> None:
    if name == "local":
        return
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        expected = '"local" or an IANA time zone such as "Europe/Berlin"'
        raise wrong("timezone", expected, name) from None


def _check_overrides(overrides: dict[str, str]) -> None:
    for network, name in overrides.items():
        where = f'geoip.overrides."{network}"'
        try:
            parse_network(network)
        except ValueError as error:
            raise ConfigError(f"{printable(where)}: expected {error}") from None
        if not name.strip() or not name.isprintable():
            raise wrong(where, "the name of a country or a place", name)


def _check_users(config: Config) -> None:
    if not config.user and not config.users.file:
        raise ConfigError("user: expected at least one account in [[user]] or in users.file")


def _check_names(config: Config) -> None:
    seen: dict[str, str] = {}
    for where, name in _names(config.user):
        other = seen.setdefault(name.casefold(), where)
        if other is not where:
            raise ConfigError(f'{where}: "{printable(name)}" is already the name in {other}')


def _names(users: Iterable[UserConfig]) -> Iterable[tuple[str, str]]:
    for index, user in enumerate(users):
        yield f"user[{index}].name", user.name
        for number, alias in enumerate(user.aliases):
            yield f"user[{index}].aliases[{number}]", alias


def _check_demo_stays_home(config: Config, *, standard: bool) -> None:
    """Reject the demo's password, which everybody knows, for other machines."""
    demo_user = next((user for user in config.user if user.password == DEMO_PASSWORD), None)
    if demo_user is None:
        return
    for where, listener in located(config.listener, standard=standard):
        if not parse_address(listener.address).is_loopback:
            raise ConfigError(
                f"{where}.address: expected a loopback address while an account has the demo"
                f' password ("{printable(demo_user.name)}"), got "{listener.address}"'
            )
