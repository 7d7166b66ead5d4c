"""The links of one listening socket: making them, and the set of those that are open."""

import itertools
import secrets
import ssl
import time
from collections.abc import Callable
from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from mailauth.config import ListenerConfig, TlsMode
from mailauth.login.client import Client
from mailauth.login.ended import Ending
from mailauth.net.connection import MailConnection
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.interfaces import Application, Patience
from mailauth.net.link import Link
from mailauth.net.preamble import Endpoints, socket_endpoints
from mailauth.net.tls import TlsSession

_session_ids = map(f"{secrets.token_hex(5)}-{{:x}}".format, itertools.count(1))


class LinkFactory(ServerFactory):
    """Makes links. `context` is asked for again at every handshake; without TLS there is none.

    `now` is the clock that stamps the record.
    """

    noisy = False

    def __init__(
        self,
        config: ListenerConfig,
        *,
        wheel: DeadlineWheel,
        context: Callable[[], ssl.SSLContext] | None = None,
        patience: Patience | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.service = config.service
        self.port = config.port
        self.implicit_tls = config.tls is TlsMode.IMPLICIT
        self.proxy_from = config.proxy_from
        self.patience = patience if patience is not None else Patience()
        self.wheel = wheel
        self.links: dict[Link, float] = {}  # and since when they are open
        self._emptied: Deferred[None] | None = None
        self._context = context
        self._now = now

    def link(self, host: str, port: int) -> Link:
        """Return the link for a client that has connected from this address."""
        return Link(self, socket_endpoints(host, port))

    def buildProtocol(self, addr: IAddress | None) -> Link:  # type: ignore[override]
        """Return the link for a client on one of Twisted's transports."""
        address = cast(IPv4Address | IPv6Address, addr)
        return self.link(address.host, address.port)

    def stop(self) -> None:
        """Say goodbye to all clients."""
        for link in list(self.links):
            if isinstance(link.application, MailConnection):
                link.application.stop()
            else:
                link.loseConnection()

    def when_empty(self) -> Deferred[None]:
        """Return when there are no links any more."""
        if self._emptied is None:
            self._emptied = Deferred()
        emptied = self._emptied
        self._tell_if_empty()
        return emptied

    def abort(self) -> None:
        """Close the remaining links."""
        for link in list(self.links):
            link.abortConnection()

    # Called by links.

    def tls_session(self) -> TlsSession:
        """Start a TLS session."""
        assert self._context is not None, f"no TLS on {self.config.name}"
        return TlsSession(self._context())

    def client(self, endpoints: Endpoints) -> Client:
        """Return a client for the record."""
        return Client(
            protocol=self.service,
            listener=self.config.name,
            local_port=self.port,
            session=next(_session_ids),
            ip=endpoints.ip,
            port=endpoints.port,
            peer=endpoints.peer,
            is_check=endpoints.is_check,
        )

    def stand_on(self, link: Link) -> Application:
        """Make the application of a link."""
        raise NotImplementedError

    def ended(self, link: Link, ending: Ending, *, heard: bool) -> None:
        """A link ended early."""
        raise NotImplementedError

    def opened(self, link: Link) -> None:
        """A link was opened."""
        self.links[link] = self._now()

    def closed(self, link: Link) -> None:
        """A link was closed."""
        self.links.pop(link, None)
        self._tell_if_empty()

    def _tell_if_empty(self) -> None:
        if self._emptied is not None and not self.links:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)
