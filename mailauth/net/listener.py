"""A listener: the shared state of its connections, and the set of them."""

import itertools
import secrets
import ssl
import time
from collections.abc import Callable
from typing import cast

import msgspec
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from mailauth.config import ListenerConfig, TlsMode, check_faults
from mailauth.faults import STALL_SECONDS, Fault, FaultKind, of_kind
from mailauth.login.admission import Admission
from mailauth.login.authority import Authority
from mailauth.login.client import Client
from mailauth.login.ended import Ending
from mailauth.login.event import Service
from mailauth.login.hop import Hop
from mailauth.login.policy import Cleartext, Policy
from mailauth.login.session import LoginSession
from mailauth.net.connection import MailConnection
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.faulty_tls import FaultyTls
from mailauth.net.interfaces import Application, Patience, Recording
from mailauth.net.link import Link
from mailauth.net.preamble import Endpoints, socket_endpoints
from mailauth.net.tls import TlsSession

_session_ids = map(f"{secrets.token_hex(5)}-{{:x}}".format, itertools.count(1))


class Listener(ServerFactory):
    """Makes the links of one listener. `stand` makes the application of a link.

    `context` is asked for again at every handshake; a listener without TLS has none. `faulty_tls`
    makes the sessions of a listener with faults. `now` is the clock that stamps the record.
    """

    noisy = False

    def __init__(
        self,
        config: ListenerConfig,
        authority: Authority,
        stand: Callable[["Listener", Link], Application],
        *,
        wheel: DeadlineWheel,
        context: Callable[[], ssl.SSLContext] | None = None,
        faulty_tls: FaultyTls | None = None,
        patience: Patience | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.configured_faults = config.faults
        self.authority = authority
        self.service = config.service
        self.port = config.port
        self.implicit_tls = config.tls is TlsMode.IMPLICIT
        self.proxy_from = config.proxy_from
        self._patience = patience if patience is not None else Patience()
        self.patience = self._patience_with(config.faults)
        self.wheel = wheel
        self.links: dict[Link, float] = {}  # and since when they are open
        self._emptied: Deferred[None] | None = None
        self._stand = stand
        self._context = context
        self._faulty_tls = faulty_tls
        self._now = now
        self._policy = policy_of(config)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The current deliberate faults."""
        return self.config.faults

    @property
    def starttls_available(self) -> bool:
        """Whether STARTTLS or STLS may be offered."""
        if Fault.STRIPPED in self.faults or Fault.PREAUTH in self.faults:
            return False
        return self.config.tls is TlsMode.STARTTLS

    def policy(self) -> Policy:
        """What clients may do here."""
        return self._policy

    def set_faults(self, faults: tuple[Fault, ...]) -> None:
        """Set the faults for clients that connect from now on. Raises `ConfigError`."""
        config = msgspec.structs.replace(self.config, fault=faults)
        check_faults(config.name, config)
        if self._faulty_tls is not None:
            self._faulty_tls.prepare(config)
        self._configure(config)

    def set_cleartext(self, cleartext: Cleartext) -> None:
        """Allow or refuse cleartext logins from now on, on open connections too."""
        self._configure(msgspec.structs.replace(self.config, cleartext=cleartext))

    def _configure(self, config: ListenerConfig) -> None:
        self.config = config
        self.patience = self._patience_with(config.faults)
        self._policy = policy_of(config)

    def _patience_with(self, faults: tuple[Fault, ...]) -> Patience:
        """Return the timeouts; a client that deliberately gets no answer must give up first."""
        if Fault.HANDSHAKE_STALL in faults:
            return msgspec.structs.replace(self._patience, handshake=STALL_SECONDS)
        return self._patience

    def session(self, client: Client, hop: Hop, admission: Admission | None = None) -> LoginSession:
        """Return the login state for a new connection."""
        return LoginSession(client, self.authority, self.policy, hop, admission)

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
        if self._faulty_tls is not None:
            faulty = self._faulty_tls.session(self.config)
            if faulty is not None:
                return faulty
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
        return self._stand(self, link)

    def ended(self, link: Link, ending: Ending, *, heard: bool) -> None:
        """Record that a link ended early; for HTTP, only if the client has sent something."""
        if isinstance(link.application, Recording):
            link.application.ended(ending)
        elif heard or self.service is not Service.HTTP:
            self.session(link.client, link.hop).ended(ending)

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


def policy_of(config: ListenerConfig) -> Policy:
    """Return what a listener permits according to its configuration and faults."""
    mechanisms = config.mechanisms
    lies = Fault.UNTAGGED_INJECTION in config.faults  # the names of mechanisms that do not exist
    if lies or of_kind(config.faults, FaultKind.MECHANISMS) is not None:
        mechanisms = ("PLAIN", "LOGIN")
    return Policy(cleartext=config.cleartext, mechanisms=mechanisms)
