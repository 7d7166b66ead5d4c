"""Listeners in memory that speak the toy protocol."""

import ssl
from collections.abc import Callable

import pytest
from twisted.internet.task import Clock

from mailauth.certs.server import Store
from mailauth.config import ListenerConfig, ServiceName, TlsMode
from mailauth.login.event import LoginEvent, Service
from mailauth.net.connection import MailConnection, SessionAndCore
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.interfaces import Application
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.net.preamble import socket_endpoints
from mailauth.net.tls_context import server_context
from mailauth.testing import MemoryRecorder, authority
from mailauth.wire.networks import Network
from tests.support.certificates import certificates as certificates
from tests.support.handshake import trusting
from tests.support.memory_socket import MemorySocket, TlsClient
from tests.support.toy import ToyServer


class Toys:
    """A server of toys, to which clients connect in memory."""

    def __init__(self, certificates: Store) -> None:
        self.clock = Clock()
        self.recorder = MemoryRecorder()
        self.wheel = DeadlineWheel(self.clock)
        self.cores: list[ToyServer] = []
        self.trusting = trusting(certificates.ca)
        self.context = server_context(certificates.certificate, certificates.key, Service.IMAP)
        self._authority = authority(self.recorder)

    def listener(
        self,
        tls: TlsMode = TlsMode.STARTTLS,
        proxy_from: tuple[Network, ...] = (),
        protocol: ServiceName = "imap",
        stand: Callable[[Listener, Link], Application] | None = None,
    ) -> Listener:
        config = ListenerConfig(
            name="toys", protocol=protocol, port=2143, tls=tls, proxy_from=proxy_from
        )
        return Listener(
            config,
            self._authority,
            stand if stand is not None else self._stand,
            wheel=self.wheel,
            context=lambda: self.context,
        )

    def connect(self, listener: Listener | None = None, host: str = "192.0.2.7") -> MemorySocket:
        listener = listener if listener is not None else self.listener()
        wire = MemorySocket(self.clock)
        wire.connect(Link(listener, socket_endpoints(host, 49152)))
        return wire

    def tls(self, wire: MemorySocket, context: ssl.SSLContext | None = None) -> TlsClient:
        return TlsClient(wire, context if context is not None else self.trusting)

    def pass_time(self, seconds: float) -> None:
        """Advance the clock so that deadlines pass which are due by then."""
        self.clock.advance(seconds)
        self.clock.advance(1)
        self.clock.advance(0)

    @property
    def reasons(self) -> list[str | None]:
        """Why connections came to nothing."""
        return [event.reason for event in self.recorder.connections]

    @property
    def logins(self) -> list[LoginEvent]:
        return self.recorder.logins

    def _stand(self, listener: Listener, link: Link) -> Application:
        def speak(changed: Callable[[], None]) -> SessionAndCore:
            session = listener.session(link.client, link.hop)
            core = ToyServer(session, tls_available=listener.starttls_available)
            self.cores.append(core)
            return SessionAndCore(session, core)

        return MailConnection(link, speak, self.wheel, self.clock)


@pytest.fixture
def toys(certificates: Store) -> Toys:
    """A server of toys."""
    return Toys(certificates)
