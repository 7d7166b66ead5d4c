"""A listener: the shared state of its connections."""

import ssl
import time
from collections.abc import Callable

import msgspec

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
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.faulty_tls import FaultyTls
from mailauth.net.interfaces import Application, Patience, Recording
from mailauth.net.link import Link
from mailauth.net.link_factory import LinkFactory
from mailauth.net.tls import TlsSession


class Listener(LinkFactory):
    """Makes the links of one listener. `stand` makes the application of a link.

    `context` is asked for again at every handshake; a listener without TLS has none. `faulty_tls`
    makes the sessions of a listener with faults. `now` is the clock that stamps the record.
    """

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
        super().__init__(config, wheel=wheel, context=context, patience=patience, now=now)
        self.configured_faults = config.faults
        self.authority = authority
        self._patience = self.patience
        self.patience = self._patience_with(config.faults)
        self._stand = stand
        self._faulty_tls = faulty_tls
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

    # Called by links.

    def tls_session(self) -> TlsSession:
        """Start a TLS session."""
        if self._faulty_tls is not None:
            faulty = self._faulty_tls.session(self.config)
            if faulty is not None:
                return faulty
        return super().tls_session()

    def stand_on(self, link: Link) -> Application:
        """Make the application of a link."""
        return self._stand(self, link)

    def ended(self, link: Link, ending: Ending, *, heard: bool) -> None:
        """Record that a link ended early; for HTTP, only if the client has sent something."""
        if isinstance(link.application, Recording):
            link.application.ended(ending)
        elif heard or self.service is not Service.HTTP:
            self.session(link.client, link.hop).ended(ending)


def policy_of(config: ListenerConfig) -> Policy:
    """Return what a listener permits according to its configuration and faults."""
    mechanisms = config.mechanisms
    lies = Fault.UNTAGGED_INJECTION in config.faults  # the names of mechanisms that do not exist
    if lies or of_kind(config.faults, FaultKind.MECHANISMS) is not None:
        mechanisms = ("PLAIN", "LOGIN")
    return Policy(cleartext=config.cleartext, mechanisms=mechanisms)
