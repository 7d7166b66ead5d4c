"""The listening socket of a reporter, for a server and for `mailauth watch`."""

import secrets
import ssl
from collections.abc import Callable
from pathlib import Path

from twisted.internet.interfaces import IReactorTime

from mailauth.config import ReporterConfig
from mailauth.config.secret_file import read_secret
from mailauth.login.authority import Recorder
from mailauth.login.ended import Ending
from mailauth.login.policy import Policy
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.interfaces import Application, Patience
from mailauth.net.link import Link
from mailauth.net.link_factory import LinkFactory
from mailauth.reporters.endpoint import PolicyEndpoint, Settings
from mailauth.reporters.verdict import Ports
from mailauth.setup.services import ReporterState
from mailauth.web.http.connection import Connection, Facts


def read_settings(config: ReporterConfig, home: Path, where: str = "reporter") -> Settings:
    """Read what a reporter can reload. Raises `ConfigError`."""
    token = read_secret(f"{where}.token_file", home / config.token_file)
    return Settings(token, Ports.of(config))


class ReporterListener(LinkFactory):
    """Makes the links of a reporter, whose reports go to `recorder`.

    Bind its `config` with `net.sockets`. `context` is for TLS, if it is used.
    """

    def __init__(
        self,
        config: ReporterConfig,
        settings: Settings,
        recorder: Recorder,
        clock: IReactorTime,
        *,
        wheel: DeadlineWheel,
        context: Callable[[], ssl.SSLContext] | None = None,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(config.listener, wheel=wheel, context=context, patience=patience)
        self.kind = config.kind
        self.endpoint = PolicyEndpoint(self.config.name, settings, recorder, clock.seconds)
        self._clock = clock
        self._key = secrets.token_bytes(32)

    def stand_on(self, link: Link) -> Application:
        """Take reports on a link."""
        return self.endpoint.channel(self._connection, self._clock)

    def ended(self, link: Link, ending: Ending, *, heard: bool) -> None:
        """Record nothing, since the peer is not a mail client."""

    def state(self) -> ReporterState:
        """Return its current state."""
        return ReporterState(
            name=self.config.name,
            kind=self.kind.value,
            tls=self.config.tls,
            port=self.port,
            open=len(self.links),
            recorded=self.endpoint.recorded,
            refused=self.endpoint.refused,
        )

    def _connection(self, facts: Facts) -> Connection:
        client, hop = facts.client_facts()
        return Connection(client, hop, Policy, key=self._key)
