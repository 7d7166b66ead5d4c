"""The link to a client: its socket, a PROXY header and TLS as one transport for the application.

The application does not see the client until the PROXY header and an implicit handshake are
complete. Only this module reports that TLS protects a client: because of a completed handshake, or
of the header of a trusted proxy.
"""

import enum
import socket
from collections.abc import Callable, Iterable
from typing import Protocol, assert_never, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IProducer,
    IPushProducer,
    ITransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from mailauth.login.client import Client
from mailauth.login.ended import Ended, Ending, with_bytes
from mailauth.login.hop import Hop, handshake_completed
from mailauth.net.deadlines import DeadlineWheel
from mailauth.net.interfaces import Application, Patience, Socket
from mailauth.net.preamble import Endpoints, must_send_header, proxied_endpoints
from mailauth.net.tls import TlsFailure, TlsSession, begins_a_handshake
from mailauth.net.tls_context import handshake_of
from mailauth.net.transport import ClientSocket
from mailauth.wire.networks import Network
from mailauth.wire.proxy import ProxyError, ProxyPreamble

log = Logger()

_PEEK = socket.MSG_PEEK | socket.MSG_DONTWAIT

LINGER_OCTETS = 32 * 1024 * 1024  # of input that are discarded so that our last data is read


class Shared(Protocol):
    """What the links of one listener share."""

    implicit_tls: bool
    proxy_from: tuple[Network, ...]
    patience: Patience
    wheel: DeadlineWheel

    def tls_session(self) -> TlsSession:
        """Start a TLS session with the current settings."""

    def client(self, endpoints: Endpoints) -> Client:
        """Return the client for the record."""

    def stand_on(self, link: "Link") -> Application:
        """Make the application for a link."""

    def ended(self, link: "Link", ending: Ending, *, heard: bool) -> None:
        """Note that a link ended early; `heard` is whether any byte arrived."""

    def opened(self, link: "Link") -> None:
        """A link was opened."""

    def closed(self, link: "Link") -> None:
        """A link was closed."""


class Stage(enum.Enum):
    """What a link waits for."""

    HEADER = "the PROXY header"
    FIRST = "the client's first bytes, in the clear"
    HANDSHAKE = "the TLS handshake"
    OPEN = "the client's bytes"
    CLOSING = "the end of the connection"


Established = Callable[[Hop], None]


@implementer(IHalfCloseableProtocol, ITransport, IPushProducer)
class Link:
    """One client's link. `application` is the protocol on it, if there is one now."""

    __slots__ = (
        "__provides__",
        "_client",
        "_endpoints",
        "_established",
        "_first",
        "_heard",
        "_passed_over",
        "_preamble",
        "_shared",
        "_silent",
        "_stage",
        "_tls",
        "_transport",
        "application",
        "due",
        "hop",
        "slot",
    )

    def __init__(self, shared: Shared, endpoints: Endpoints) -> None:
        self.hop: Hop = endpoints.hop
        self.application: Application | None = None
        self.due: float | None = None
        self.slot: int | None = None
        self._shared = shared
        self._endpoints = endpoints
        self._client: Client | None = None
        self._transport: Socket
        self._stage = Stage.FIRST
        self._heard = False
        self._first = b""  # kept until it is clear what they begin
        self._preamble: ProxyPreamble | None = None
        self._tls: TlsSession | None = None
        self._established: Established | None = None
        self._silent = True  # the client has sent nothing inside TLS yet
        self._passed_over = 0

    @property
    def client(self) -> Client:
        """Who is connected."""
        if self._client is None:
            self._client = self._shared.client(self._endpoints)
        return self._client

    def client_facts(self) -> tuple[Client, Hop]:
        """Return who is connected, and what is known of the hop."""
        return self.client, self.hop

    # Called by the socket.

    def makeConnection(self, transport: Socket) -> None:
        """The socket is connected."""
        self._transport = transport
        self._shared.opened(self)
        if must_send_header(self._endpoints, self._shared.proxy_from):
            self._preamble = ProxyPreamble()
            self._wait_for(Stage.HEADER, self._shared.patience.header)
        else:
            self._begin()

    def dataReceived(self, data: bytes) -> None:
        """A segment has arrived."""
        self._heard = True
        match self._stage:
            case Stage.OPEN:
                if self._tls is not None:
                    self._decrypt(self._tls, data)
                elif self.application is not None:
                    self.application.dataReceived(data)
            case Stage.HANDSHAKE:
                self._shake_hands(self._first + data)
            case Stage.FIRST:
                self._read_first(self._first + data)
            case Stage.HEADER:
                self._read_header(data)
            case Stage.CLOSING:
                self._pass_over(data)
            case _:
                assert_never(self._stage)

    def readConnectionLost(self) -> None:
        """The client will send nothing more."""
        if self._stage is Stage.CLOSING:
            self._transport.loseConnection()
        else:
            self._input_ended()

    def writeConnectionLost(self) -> None:
        """Our last data has been sent; the client may read it before the socket closes."""
        self._shared.wheel.set(self, self._shared.patience.linger)

    def connectionLost(self, reason: Failure) -> None:
        """The socket is closed."""
        if self._stage is not Stage.OPEN:
            self._came_to_nothing()
        self._stage = Stage.CLOSING
        self._shared.wheel.cancel(self)
        self._shared.closed(self)
        self._tls = self._established = None  # large output, which is sent at once
        self._tell_lost(reason)

    def deadline_passed(self) -> None:
        """What the link waited for did not arrive in time."""
        if self._stage is Stage.CLOSING:
            self._transport.abortConnection()
            return
        if self._stage is Stage.HEADER:
            log.warn("{peer} sent no PROXY header in time", peer=self._endpoints.ip)
        self._drop(Ending(Ended.TIMEOUT, f"still waiting for {self._stage.value}"))

    # The PROXY header.

    def _read_header(self, data: bytes) -> None:
        assert self._preamble is not None
        try:
            header = self._preamble.receive(data)
        except ProxyError as error:
            log.warn(
                "{peer} must send a PROXY header: {error}", peer=self._endpoints.ip, error=error
            )
            self._drop(Ending(Ended.PROXY_HEADER_MALFORMED, str(error)))
            return
        if header is None:
            return
        rest = self._preamble.rest
        self._preamble = None
        self._heard = bool(rest)
        self._shared.wheel.cancel(self)
        self._endpoints = proxied_endpoints(self._endpoints, header)
        self.hop = self._endpoints.hop
        self._begin()
        if rest:
            self.dataReceived(rest)

    # TLS.

    def _begin(self) -> None:
        if self._shared.implicit_tls:
            self._wait_for_handshake(lambda _: self._stand())
        else:
            self._stage = Stage.FIRST
            self._stand()

    def _stand(self) -> None:
        self.application = self._shared.stand_on(self)
        self.application.makeConnection(self)

    def start_tls(self, established: Established) -> None:
        """Expect a handshake now, and call `established` when it has completed."""
        assert self._tls is None, "TLS inside TLS"
        self._wait_for_handshake(established)

    def _wait_for_handshake(self, established: Established) -> None:
        self._established = established
        self._wait_for(Stage.HANDSHAKE, self._shared.patience.handshake)

    def _read_first(self, data: bytes) -> None:
        """Tell a TLS client on a cleartext port from one that sends cleartext."""
        if not begins_a_handshake(data):
            self._stage, self._first = Stage.OPEN, b""
            assert self.application is not None
            self.application.dataReceived(data)
        elif len(data) == 1:
            self._first = data
        else:
            self._drop(Ending(Ended.TLS_ON_CLEARTEXT_PORT))

    def _shake_hands(self, data: bytes) -> None:
        if self._tls is None:
            if not begins_a_handshake(data):
                implicit = self.application is None
                self._drop(
                    Ending(Ended.CLEARTEXT_ON_TLS_PORT)
                    if implicit
                    else with_bytes(Ended.CLEARTEXT_IN_HANDSHAKE, len(data))
                )
                return
            if len(data) == 1:
                self._first = data
                return
            self._first = b""
            self._tls = self._shared.tls_session()
        tls = self._tls
        try:
            completed = tls.shake_hands(data)
        except TlsFailure as failure:
            self._drop(
                Ending(Ended.CLEARTEXT_IN_HANDSHAKE)
                if failure.is_cleartext
                else Ending(Ended.TLS_HANDSHAKE_FAILED, str(failure))
            )
            return
        if completed:
            self._handshake_completed(tls)
        else:
            self._flush(tls)

    def _handshake_completed(self, tls: TlsSession) -> None:
        established, self._established = self._established, None
        assert established is not None
        self._shared.wheel.cancel(self)
        self._stage = Stage.OPEN
        implicit = self.application is None
        self.hop = handshake_completed(self.hop, handshake_of(tls.agreed), implicit=implicit)
        established(self.hop)
        if self._stage is Stage.OPEN:
            self._decrypt(tls, b"")

    def _decrypt(self, tls: TlsSession, data: bytes) -> None:
        try:
            plaintext = tls.decrypt(data)
        except TlsFailure as failure:
            # A client that checks our certificate only after the handshake may still reject it now.
            refused = failure.is_alert and self._silent
            cause = Ended.TLS_HANDSHAKE_FAILED if refused else Ended.TLS_FAILED
            self._drop(Ending(cause, str(failure)))
            return
        self._flush(tls)
        if plaintext:
            self._silent = False
        if plaintext and self.application is not None:
            self.application.dataReceived(plaintext)
        if tls.peer_closed and self._stage is Stage.OPEN:
            self._input_ended()

    def _flush(self, tls: TlsSession) -> None:
        if outgoing := tls.outgoing():
            self._transport.write(outgoing)

    # Called by the application.

    @property
    def disconnecting(self) -> bool:
        """Whether the link is closing; Twisted's `LineReceiver` needs this."""
        return self._stage is Stage.CLOSING

    def write(self, data: bytes) -> None:
        """Send data, encrypted if TLS has been established."""
        if self._stage is Stage.CLOSING:
            return
        if self._tls is not None:
            self._tls.encrypt(data)
            self._flush(self._tls)
        else:
            self._transport.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(data))

    def loseConnection(self, last: bytes = b"") -> None:
        """Send what was written and `last`, in the segment of the end, then close.

        If the client continues to send, its data is discarded for a while: closing at once would
        reset the connection, and the client would lose what it has not read yet.
        """
        if self._stage is Stage.CLOSING:
            return
        self._stage = Stage.CLOSING
        if self._tls is not None:
            self._tls.encrypt(last)
            self._tls.close()
            last = self._tls.outgoing()
        if last:
            self._write_last(last)
        self._shared.wheel.set(self, self._shared.patience.closing)
        if self._has_unread_input():
            self._transport.resumeProducing()
            self._transport.loseWriteConnection()
        else:
            self._transport.loseConnection()

    def _write_last(self, data: bytes) -> None:
        if isinstance(self._transport, ClientSocket):
            self._transport.write_last(data)
        else:
            self._transport.write(data)

    def abortConnection(self) -> None:
        """Close at once, and discard what is still to be sent."""
        self._stage = Stage.CLOSING
        self._transport.abortConnection()

    def getPeer(self) -> IPv4Address | IPv6Address:
        """Return the client's address, not a proxy's."""
        kind = IPv6Address if ":" in self._endpoints.ip else IPv4Address
        return kind("TCP", self._endpoints.ip, self._endpoints.port)

    def getHost(self) -> IAddress:
        """Return our address."""
        return self._transport.getHost()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Pause `producer` while the client does not keep up."""
        self._transport.registerProducer(producer, streaming)

    def unregisterProducer(self) -> None:
        """Remove the producer."""
        self._transport.unregisterProducer()

    def pauseProducing(self) -> None:
        """Stop reading from the client for now."""
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """Read from the client again."""
        self._transport.resumeProducing()

    def stopProducing(self) -> None:
        """Close."""
        self.loseConnection()

    # The end.

    def _wait_for(self, stage: Stage, seconds: float) -> None:
        self._stage = stage
        self._shared.wheel.set(self, seconds)

    def _input_ended(self) -> None:
        if self._stage is Stage.OPEN or self._stage is Stage.FIRST:
            application = self.application
            if application is not None and IHalfCloseableProtocol.providedBy(application):
                cast(IHalfCloseableProtocol, application).readConnectionLost()
                return
        self._came_to_nothing()
        self.loseConnection()

    def _came_to_nothing(self) -> None:
        """Record the end of a link that the client has left early."""
        if self._stage is Stage.HANDSHAKE and (self._heard or self.application is not None):
            self._end(Ending(Ended.TLS_HANDSHAKE_FAILED, "the client closed the connection"))
        elif self._stage is Stage.HANDSHAKE:
            self._end(Ending(Ended.NO_ATTEMPT))
        elif self._stage is Stage.HEADER and self._heard:
            log.warn("{peer} closed before its PROXY header was whole", peer=self._endpoints.ip)
            self._end(Ending(Ended.PROXY_HEADER_MALFORMED, "cut short"))

    def _drop(self, ending: Ending) -> None:
        self._end(ending)
        self.loseConnection()

    def _end(self, ending: Ending) -> None:
        self._shared.ended(self, ending, heard=self._heard)
        self._tell_lost(_done())

    def _tell_lost(self, reason: Failure) -> None:
        application, self.application = self.application, None
        if application is not None:
            application.connectionLost(reason)

    def _has_unread_input(self) -> bool:
        try:
            return bool(self._transport.getHandle().recv(1, _PEEK))
        except OSError:
            return False

    def _pass_over(self, data: bytes) -> None:
        self._passed_over += len(data)
        if self._passed_over > LINGER_OCTETS:
            self._transport.abortConnection()


def _done() -> Failure:
    return Failure(ConnectionDone())  # type: ignore[no-untyped-call]
