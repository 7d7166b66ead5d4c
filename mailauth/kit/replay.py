"""Playing a scenario with its clock and addresses, against real listeners on real sockets.

The clock that stamps records shows the time of the current login. Certificates, TLS and deadlines
use the real clock.
"""

import datetime
import ssl
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import msgspec
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool

from mailauth.config import (
    BlockConfig,
    Config,
    GeoipConfig,
    ListenerConfig,
    LogConfig,
    Rotate,
    ServiceName,
    TlsMode,
    UserConfig,
)
from mailauth.kit.client import LoginFailed, Target, log_in
from mailauth.kit.scenario import PASSWORD, Login, Scenario
from mailauth.login.event import Service
from mailauth.server.server import Server
from mailauth.testing.temporary_home import TemporaryHome

_LOOPBACK = (IPv4Network("127.0.0.0/8"),)


class ReplayError(Exception):
    """A scenario could not be played to its end; the message names the login and the reason."""


class _Clock:
    """The scenario's clock: seconds since the epoch."""

    def __init__(self, at: datetime.datetime) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at.timestamp()


async def replay(
    scenario: Scenario,
    logs: Path,
    reactor: PosixReactorBase,
    played: Callable[[Login], None] = lambda login: None,
    speed: float | None = None,
) -> None:
    """Play all logins in order, write the logs to `logs`, and call `played` after each.

    `speed` is how many seconds of the scenario pass per real second; `None` means as fast as
    possible. Raises `ReplayError`, also if a login with the correct password was refused.
    """
    clock = _Clock(scenario.login[0].at)
    with TemporaryHome() as home:
        config = _config(scenario, logs)
        server = Server(config, home, reactor, read_config=lambda: config, now=clock)
        server.start()
        try:
            ports = {listener.config.name: listener.port for listener in server.listeners}
            context = ssl.create_default_context(cafile=server.ca)
            began = reactor.seconds()
            for number, login in enumerate(scenario.login, 1):
                if speed is not None:
                    elapsed = (login.at - scenario.login[0].at).total_seconds() / speed
                    await deferLater(reactor, max(0, began + elapsed - reactor.seconds()))
                clock.at = login.at
                target = Target(
                    service=Service(login.service.upper()),
                    host="127.0.0.1",
                    port=ports[_name(login.service, login.tls)],
                    tls=login.tls,
                    context=context,
                    source=login.address,
                )
                try:
                    await deferToThreadPool(
                        reactor,
                        reactor.getThreadPool(),
                        log_in,
                        target,
                        login.user,
                        login.password,
                        login.client,
                    )
                except (LoginFailed, OSError) as error:
                    if login.password == PASSWORD and login.user not in scenario.strangers:
                        raise ReplayError(f"login {number} ({login.user}): {error}") from None
                played(login)
        finally:
            await server.stop()


def _config(scenario: Scenario, logs: Path) -> Config:
    """Return a configuration with free ports, trusted PROXY headers, and every user's account."""
    ways = sorted(
        {(login.service, login.tls) for login in scenario.login},
        key=lambda way: (way[0], way[1].value),
    )
    users = sorted({login.user for login in scenario.login}.difference(scenario.strangers))
    return Config(
        timezone=scenario.timezone,
        listener=tuple(
            ListenerConfig(
                name=_name(service, tls),
                protocol=service,
                port=0,
                tls=_listener_mode(service, tls),
                proxy_from=_LOOPBACK,
            )
            for service, tls in ways
        ),
        log=LogConfig(directory=str(logs), rotate=Rotate.NONE),
        geoip=GeoipConfig(overrides=scenario.overrides),
        block=msgspec.structs.replace(BlockConfig(), friendly=()),
        user=tuple(UserConfig(name=user, password=PASSWORD) for user in users),
    )


def _name(service: ServiceName, tls: TlsMode) -> str:
    return f"{service}-{tls.value}"


def _listener_mode(service: ServiceName, tls: TlsMode) -> TlsMode:
    """Return the listener's TLS mode: mail without implicit TLS offers STARTTLS; HTTP cannot."""
    if tls is TlsMode.IMPLICIT or service == "http":
        return tls
    return TlsMode.STARTTLS
