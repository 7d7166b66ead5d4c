"""HTTP/1.1 on a connection (RFC 9112): twisted.web parses requests, and this module limits them.

A request must be complete within `REQUEST_SECONDS` of the connection's start or of the last
response, however slowly its bytes arrive. Twisted's own facts about TLS, proxies, forms and
sessions are not used.
"""

from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Protocol, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.iweb import INonQueuedRequestFactory
from zope.interface import directlyProvides

from mailauth.login.ended import Ended, Ending
from mailauth.web.http.backlog import Backlog
from mailauth.web.http.connection import Connection, Facts
from mailauth.web.http.head import response_head
from mailauth.web.http.message import HttpError, Request, Response
from mailauth.web.http.sending import PIECE_OCTETS, Outlet, Rest
from mailauth.web.http.target import authority, parameters, segments

log = Logger()

REQUEST_SECONDS = 60
FIELD_LINE_OCTETS = 16_384  # longer than any line that is recorded as a credential (12,288)
HEADER_OCTETS = 32_768
HEADER_LINES = 128
BODY_OCTETS = 65_536
CHUNKS = 1024  # of a content, and one more for each
OCTETS_A_CHUNK = 256  # of it
DRAINED_OCTETS = 8 * 1024 * 1024  # of a rejected body, so that its sender reads the response


class Application(Protocol):
    """Answers requests."""

    @property
    def backlog(self) -> Backlog:
        """The responses that their clients have not read yet."""

    def answer(self, request: Request) -> Awaitable[Response]:
        """Answer a request; its `client` and `hop` are still those of the peer."""

    def refusal(self, error: HttpError) -> Response:
        """Answer a request that is not valid."""

    def ended(self, connection: Connection, ending: Ending) -> None:
        """Record a connection that ended without a request, and the reason."""


class Channel(http.HTTPChannel):
    """One connection. Its transport provides `Facts`."""

    totalHeadersSize = HEADER_OCTETS
    MAX_LENGTH = FIELD_LINE_OCTETS
    content_octets = BODY_OCTETS

    transport: ITransport

    def __init__(
        self,
        application: Application,
        connection_of: Callable[[Facts], Connection],
        clock: IReactorTime,
    ) -> None:
        super().__init__()
        self.application = application
        self.connection: Connection
        self.requestFactory: type[http.Request] = Transaction
        self.timeOut = REQUEST_SECONDS
        self._clock = clock
        self._connection_of = connection_of
        self._header_octets = self._header_lines = 0
        self._heard = False
        self._answered = False
        self._leaving = False
        self.is_full = False  # the client has not read what was sent

    def connectionMade(self) -> None:
        """Find out who the client is."""
        self.connection = self._connection_of(cast(Facts, self.transport))
        super().connectionMade()

    def callLater(self, period: float, func: Callable[[], None]) -> IDelayedCall:
        """Keep deadlines by our own clock."""
        return self._clock.callLater(period, func)

    def resetTimeout(self) -> None:
        """Do nothing, so that arriving bytes do not extend the deadline."""

    def dataReceived(self, data: bytes) -> None:
        """Process bytes, unless the connection is being closed."""
        if self._leaving:
            return
        self._heard = True
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        """Limit the header section (RFC 6585 §5)."""
        self._header_octets += len(line) + 2
        self._header_lines += 1
        if self._header_octets > HEADER_OCTETS or self._header_lines > HEADER_LINES:
            self.refuse(HttpError(431, "The header section is too long."), Ended.LINE_TOO_LONG)
        elif self._header_lines > 1 and line[:1] in (b" ", b"\t"):
            error = HttpError(400, "Folded header fields are not accepted.")
            self.refuse(error, Ended.MALFORMED_REQUEST)
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Reject a line that is too long: the request line's target, or a field."""
        status, what = (431, "header field") if self._header_octets else (414, "request line")
        self.refuse(HttpError(status, f"The {what} is too long."), Ended.LINE_TOO_LONG)

    def headerReceived(self, line: bytes) -> bool:
        """Reject an invalid length, and a transfer coding without an end."""
        name, _, value = line.partition(b":")
        error: HttpError | None = None
        match name.lower():
            case b"content-length" if len(value.strip()) > len(str(DRAINED_OCTETS)):
                error = HttpError(413, "The content is too long.")
            case b"transfer-encoding":
                error = _error_of_coding(value)
        if error is not None:
            self.refuse(error, Ended.MALFORMED_REQUEST)
            return False
        return bool(super().headerReceived(line))

    def allHeadersReceived(self) -> None:
        """The header section is complete; reset its counters."""
        self._header_octets = self._header_lines = 0
        super().allHeadersReceived()

    def pauseProducing(self) -> None:
        """The client does not keep up."""
        self.is_full = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        """The client has received what was sent."""
        self.is_full = False
        super().resumeProducing()

    def requestDone(self, request: http.Request) -> None:
        """A response has been sent: continue with the next request, or close."""
        self._answered = True
        self._leaving = not self.persistent
        super().requestDone(request)

    def timeoutConnection(self) -> None:
        """The request took too long to arrive (RFC 9110 §15.5.9)."""
        self._end(Ended.TIMEOUT)
        if self.requests and not self._leaving:
            self._write(self.application.refusal(HttpError(408, "The request took too long.")))
        self._leaving = True
        super().timeoutConnection()

    def loseConnection(self) -> None:
        """Close; if we did not cause this, twisted.web could not parse the request."""
        if not self._leaving:
            self._end(Ended.MALFORMED_REQUEST)
            self._leaving = True
        self.paused = True  # nothing more is parsed
        super().loseConnection()

    def ended(self, ending: Ending) -> None:
        """Record how the connection ended, unless a request was answered on it."""
        if not self._answered:
            self._answered = True
            self.application.ended(self.connection, ending)

    def refuse(self, error: HttpError, cause: Ended) -> None:
        """Answer with an error, whatever the rest of the request is, and close."""
        if not self._leaving:
            self._write(self.application.refusal(error))
            self._end(cause)
            self.abandon()

    def fail(self) -> None:
        """Answer a request for which no response could be made, and close."""
        if not self._leaving:
            self._answered = True
            self._write(
                self.application.refusal(
                    HttpError(500, "Internal error: the server could not answer this request.")
                )
            )
            self.abandon()

    def abandon(self) -> None:
        """Close without an answer."""
        self._leaving = True
        self.loseConnection()

    def _end(self, cause: Ended) -> None:
        if self._heard:
            self.ended(Ending(cause))

    def _write(self, response: Response) -> None:
        date = http.datetimeToString()
        self.transport.write(
            response_head(response, date=date, close=True, chunked=False) + response.body
        )


def _error_of_coding(value: bytes) -> HttpError | None:
    """Accept `chunked` once, and nothing else (RFC 9112 §6.1, §6.3)."""
    *others, last = (coding.strip().lower() for coding in value.split(b","))
    if last != b"chunked" or b"chunked" in others:
        return HttpError(400, "The transfer coding does not delimit the content.")
    if others:
        return HttpError(501, "The transfer coding is not supported.")
    return None


class Transaction(http.Request):
    """A request and its response."""

    channel: Channel
    content: BytesIO

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel, parsePOSTFormSubmission=False)
        self._octets = self._chunks = 0
        self._work: Deferred[None] | None = None
        self._gone = False
        self._sending: Outlet | Rest | None = None

    def gotLength(self, length: int | None) -> None:
        """Keep the content in memory, since it is limited."""
        self.content = BytesIO()
        if length is not None and length > self.channel.content_octets:
            self.requestHeaders.removeHeader(b"expect")

    def handleContentChunk(self, data: bytes) -> None:
        """Keep the permitted content, discard more for a while, then close."""
        self._octets += len(data)
        self._chunks += 1
        if self._is_shredded:
            self.channel.refuse(
                HttpError(400, "The content comes in too many chunks."), Ended.MALFORMED_REQUEST
            )
        elif self._octets <= self.channel.content_octets:
            self.content.write(data)
        elif self._octets > DRAINED_OCTETS:
            self.channel.refuse(HttpError(413, "The content is too long."), Ended.MALFORMED_REQUEST)

    @property
    def _is_shredded(self) -> bool:
        """Whether the content's chunks are so small that they cost more than their content."""
        return self._chunks > CHUNKS + self._octets / OCTETS_A_CHUNK and bool(
            self.requestHeaders.hasHeader(b"transfer-encoding")
        )

    def process(self) -> None:
        """Answer the request, now or when the response is available."""
        self._work = Deferred.fromCoroutine(self._respond())
        self._work.addErrback(self._failed)

    def connectionLost(self, reason: Failure) -> None:
        """The client has disconnected, so nobody waits for the response."""
        self._gone = True
        if self._sending is not None:
            self._sending.drop()
        super().connectionLost(reason)
        if self._work is not None:
            self._work.cancel()

    async def _respond(self) -> None:
        application = self.channel.application
        try:
            request = self._read()
        except HttpError as error:
            response = application.refusal(error)
        else:
            response = await application.answer(request)
        if not self._gone:
            self._send(response)

    def _send(self, response: Response) -> None:
        """Send a short response at once, and a long or streamed one as the client reads it."""
        content = b"" if self.method == b"HEAD" else response.body
        rest: Rest | None = None
        if len(content) > PIECE_OCTETS:
            try:
                rest = self._held(content, response.reader)
            except HttpError as error:
                self._send(self.channel.application.refusal(error))
                return
        streams = response.stream is not None and self.method != b"HEAD"
        self.chunked = streams and self.clientproto == b"HTTP/1.1"
        if response.close or (streams and not self.chunked):
            self.channel.persistent = 0
        head = response_head(
            response,
            date=http.datetimeToString(),
            close=not self.channel.persistent,
            chunked=self.chunked,
        )
        self.startedWriting = True
        if response.stream is not None and streams:
            self.channel.write(head)
            self._sending = outlet = Outlet(self)
            self.registerProducer(outlet, True)
            response.stream(outlet)
            return
        self.channel.write(head + content if rest is None else head)
        if rest is None and not self.channel.is_full:
            self.finish()
        else:
            self._sending = rest = rest or self._held(b"", None)
            rest.send()

    def _held(self, content: bytes, reader: str | None) -> Rest:
        """Count content for its reader in the backlog. Raises `HttpError`."""
        channel = self.channel
        reader = reader if reader is not None else channel.connection.client.ip
        return Rest(self, content, channel.application.backlog, reader)

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError) is None:
            log.failure("an answer could not be sent", failure=failure)
            if self.startedWriting:
                self.channel.abandon()
            else:
                self.channel.fail()

    def _read(self) -> Request:
        if self._octets > self.channel.content_octets:
            raise HttpError(413, "The content is too long.")
        hosts = self.requestHeaders.getRawHeaders(b"host", [])
        if not hosts and self.clientproto == b"HTTP/1.1":
            raise HttpError(400, "The Host field is missing.")
        if self.clientproto == b"HTTP/1.0" and self.requestHeaders.hasHeader(b"transfer-encoding"):
            raise HttpError(400, "HTTP/1.0 does not allow transfer codings.")  # RFC 9112 §6.1
        if len(hosts) > 1:  # RFC 9112 §3.2
            raise HttpError(400, "There is more than one Host field.")
        path, _, query = self.uri.partition(b"?")
        connection = self.channel.connection
        self.content.seek(0)
        return Request(
            method=self.method.decode("ascii", "replace"),
            path=segments(path),
            query=parameters(query),
            fields={
                name.lower(): tuple(values)
                for name, values in self.requestHeaders.getAllRawHeaders()
            },
            cookies=self.received_cookies,
            host=authority(path) or (hosts[0] if hosts else None),
            body=self.content.read(),
            connection=connection,
            client=connection.client,
            hop=connection.hop,
        )


directlyProvides(Transaction, INonQueuedRequestFactory)
