"""Reports over HTTP: each is a short POST with the token, and not from a web page.

Refused requests are not recorded. The operator is warned at most once a minute for each cause.
"""

import hashlib
import hmac
from collections.abc import Callable

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from mailauth.login.authority import Recorder
from mailauth.login.ended import Ending
from mailauth.net.awaiting import value_of
from mailauth.reporters.dovecot_policy import MalformedReport, attempt_of, report_of
from mailauth.reporters.verdict import Ports
from mailauth.web.http.backlog import Backlog
from mailauth.web.http.channel import Channel
from mailauth.web.http.connection import Connection, Facts
from mailauth.web.http.message import HttpError, Request, Response, json, plain

PATH = ("policy",)
CONTENT_OCTETS = 16_384
QUIET_SECONDS = 60.0  # between two warnings for the same cause

_CHALLENGE = (b"WWW-Authenticate", b'Bearer realm="mailauth"')
_OK = {"status": 0}
_OF_PAGES = (b"origin", b"sec-fetch-site")  # fields that only browsers send

log = Logger()


class Settings(msgspec.Struct, frozen=True):
    """What can be reloaded while reports come in."""

    token: bytes
    ports: Ports = Ports()

    def __repr__(self) -> str:
        return "Settings()"


class PolicyEndpoint:
    """Records the reports of a Dovecot: the `web.http.channel.Application` of one reporter.

    `seconds` is a monotonic clock.
    """

    def __init__(
        self, name: str, settings: Settings, recorder: Recorder, seconds: Callable[[], float]
    ) -> None:
        self.settings = settings
        self.backlog = Backlog()
        self.recorded = self.refused = 0
        self._name = name
        self._recorder = recorder
        self._seconds = seconds
        self._warned: dict[int, float] = {}

    def channel(self, connection_of: Callable[[Facts], Connection], clock: IReactorTime) -> Channel:
        """Return the protocol of a new connection."""
        channel = Channel(self, connection_of, clock)
        channel.content_octets = CONTENT_OCTETS
        return channel

    async def answer(self, request: Request) -> Response:
        """Record a report, and tell Dovecot to continue."""
        try:
            self._admit(request)
            return json(await self._done(request))
        except HttpError as error:
            self._refused(error, request.connection.client.ip)
            return plain(error, close=error.close)

    def refusal(self, error: HttpError) -> Response:
        """Answer a request that is not valid."""
        return plain(error, close=True)

    def ended(self, connection: Connection, ending: Ending) -> None:
        """Record nothing, since the peer is not a mail client."""

    def _admit(self, request: Request) -> None:
        """Raise `HttpError` unless this is a report with the token."""
        if request.path != PATH:
            raise HttpError(404, "Reports are sent to /policy.")
        if any(request.field(name) is not None for name in _OF_PAGES):
            raise HttpError(403, "Reports of web pages are not accepted.", close=True)
        if not _same(_token(request), self.settings.token):
            raise HttpError(401, "The token is missing or wrong.", _CHALLENGE)
        if request.method != "POST":
            raise HttpError(405, "Reports are sent by POST.", (b"Allow", b"POST"))

    async def _done(self, request: Request) -> object:
        match request.query.get("command"):
            case "allow":
                return _OK
            case "report":
                await self._record(request.body)
                return _OK
            case _:
                raise HttpError(400, 'Expected command "report" or "allow".')

    async def _record(self, content: bytes) -> None:
        try:
            report = report_of(content)
        except MalformedReport as error:
            raise HttpError(400, f"This is not a report: {error}.") from None
        attempt = attempt_of(report, self._name, self.settings.ports)
        if attempt is None:
            return
        if await value_of(self._recorder.record(attempt)) is None:
            raise HttpError(503, "The report could not be recorded.")
        self.recorded += 1

    def _refused(self, error: HttpError, ip: str) -> None:
        self.refused += 1
        now = self._seconds()
        if now - self._warned.get(error.status, -QUIET_SECONDS) >= QUIET_SECONDS:
            self._warned[error.status] = now
            log.warn(
                "Reporter {name} refused a request from {ip} with {status}: {why}",
                name=self._name,
                ip=ip,
                status=error.status,
                why=error.message,
            )


def _token(request: Request) -> bytes:
    """Return the value of Dovecot's auth_policy_server_api_header."""
    scheme, _, token = (request.field(b"authorization") or b"").partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else request.field(b"x-api-key") or b""


def _same(one: bytes, other: bytes) -> bool:
    """Compare in a time that reveals neither content nor length."""
    return hmac.compare_digest(hashlib.sha256(one).digest(), hashlib.sha256(other).digest())
