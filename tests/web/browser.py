"""A web client in memory: it speaks HTTP to a channel over a transport that is no socket."""

import base64
import html
import itertools
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from http.client import HTTPResponse
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

import msgspec
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from mailauth.config import ListenConfig, TlsMode
from mailauth.config.listeners import standard_listeners
from mailauth.events.feed import Feed
from mailauth.events.selection import Batch, Selection
from mailauth.faults import Fault
from mailauth.login.accounts import Account, Accounts, Role
from mailauth.login.authority import Authority
from mailauth.login.client import Client
from mailauth.login.event import LoginEvent, Service
from mailauth.login.hop import CLEARTEXT, Handshake, Hop, TlsFacts, handshake_completed
from mailauth.login.policy import Cleartext, Policy
from mailauth.login.secrets import PlaintextSecret
from mailauth.net.open_connections import OpenConnection
from mailauth.record.timing import RecordTimes
from mailauth.report.home import HomeLogs
from mailauth.sasl import TokenVerdict
from mailauth.setup.services import OfferedService, ReporterState, services_of
from mailauth.testing import FakeClock, MemoryRecorder, accounts, authority
from mailauth.tokens import TokenIssuer
from mailauth.tokens.api import ApiTokens
from mailauth.web.api.metrics import Metrics
from mailauth.web.http.channel import Channel
from mailauth.web.raw_logs import LogFiles
from mailauth.web.reports import Reports
from mailauth.web.session.tokens import Issuer
from mailauth.web.site import WebSite
from mailauth.wire.networks import parse_network

API_TOKEN = "the-token-of-the-api"
LOG_NAMES = ("SuccessfulLogins.log", "InvalidPasswordAttempts.log", "LoginAttempts.jsonl")
ADMIN = Account(name="root@mydomain.com", secret=PlaintextSecret(b"in charge"), role=Role.ADMIN)
MX1 = ReporterState(
    name="mx1",
    kind="dovecot-policy",
    tls=TlsMode.NONE,
    port=5273,
    open=1,
    recorded=17,
    refused=3,
)
TLS = handshake_completed(
    CLEARTEXT,
    Handshake(TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", sni="localhost")),
    implicit=True,
)

_sessions = itertools.count(1)


class FeedingRecorder(MemoryRecorder):
    """A recorder whose events reach a feed and the metrics."""

    def __init__(self, now: FakeClock, clock: Clock) -> None:
        super().__init__(now)
        self.feed = Feed(clock, MemoryHistory(self.events))
        self.metrics = Metrics()

    def _keep(self, attempt: Any) -> Any:
        event = super()._keep(attempt)
        self.feed.publish(event)
        self.metrics.publish(event)
        return event


class MemoryHistory:
    """A history of all events, in memory."""

    def __init__(self, events: list[LoginEvent]) -> None:
        self._events = events

    def between(self, after: int, until: int, limit: int, wanted: Selection) -> Batch:
        """Read events."""
        found = [one for one in self._events if after < one.seq <= until and wanted.wants(one)]
        cursor = found[limit - 1].seq if len(found) > limit else until
        return Batch(found[:limit], cursor)


class FakeOperations:
    """A running server that is none."""

    def __init__(self, server: "Server") -> None:
        self.listening = services_of(standard_listeners(ListenConfig(), "listen.port_offset"))
        self.open: list[OpenConnection] = []
        self.reporting: list[ReporterState] = []
        self.ca: bytes | None = None
        self.times = RecordTimes()
        self._server = server

    def services(self) -> list[OfferedService]:
        """The nine listeners of a server without a configuration."""
        return self.listening

    def reporters(self) -> list[ReporterState]:
        """Those that a test has made."""
        return self.reporting

    async def connections(self) -> list[OpenConnection]:
        """Nobody, unless a test says otherwise."""
        return self.open

    async def settled(self) -> None:
        return None

    async def reset_mail(self) -> None:
        return None

    async def record_times(self) -> RecordTimes:
        """Those that a test has taken."""
        return self.times

    async def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Change a listener, and the one policy that there is."""
        self._change(listener, cleartext=cleartext)
        self._server.policy = Policy(cleartext=cleartext)

    async def set_faults(self, listener: str, faults: tuple[Fault, ...]) -> None:
        """Change what is said of a listener."""
        self._change(listener, faults=faults)

    async def forget_repeats(self) -> None:
        pass

    async def clear_faults(self) -> None:
        """Clear them all."""
        for service in list(self.listening):
            self._change(service.name, faults=())

    def _change(self, listener: str, **changes: Cleartext | tuple[Fault, ...]) -> None:
        names = [service.name for service in self.listening]
        if listener not in names:
            raise LookupError(listener)
        index = names.index(listener)
        self.listening[index] = msgspec.structs.replace(self.listening[index], **changes)

    async def set_disabled(self, account: Account, *, disabled: bool) -> None:
        """Load the accounts anew."""
        self._server.replace(msgspec.structs.replace(account, disabled=disabled))

    def ca_certificate(self) -> bytes | None:
        """None, unless a test says otherwise."""
        return self.ca


class Answer(msgspec.Struct, frozen=True):
    """A response as a client sees it."""

    status: int
    fields: dict[str, str]
    cookies: tuple[str, ...]
    body: bytes

    @property
    def text(self) -> str:
        """The content."""
        return self.body.decode()

    def json(self) -> Any:
        """The content, read as JSON."""
        assert self.fields["content-type"] == "application/json"
        return msgspec.json.decode(self.body)


class LinkedTransport(StringTransport):
    """A transport that knows who is connected, as the link below HTTP does."""

    def __init__(self, client: Client, hop: Hop) -> None:
        super().__init__()
        self._facts = (client, hop)
        self.aborted = False

    def client_facts(self) -> tuple[Client, Hop]:
        """Return who is there."""
        return self._facts

    def abortConnection(self) -> None:
        """Close at once."""
        self.aborted = self.disconnecting = True


class NoIssuer:
    """Nobody asks for tokens."""

    def issue(self, user: str, lifetime: float, audience: str) -> str:
        raise AssertionError(user)

    def verify(self, token: bytes, audience: str) -> TokenVerdict:
        raise AssertionError(audience)

    def revoke(self, token: bytes) -> None:
        raise AssertionError


class Server:
    """A site with its accounts, its record and its clocks; with a `state`, it issues tokens."""

    made: ClassVar[list["Server"]] = []

    def __init__(
        self,
        *,
        forwarded_from: Iterable[str] = (),
        hostname: str = "localhost",
        hosts: tuple[str, ...] = (),
        cleartext: Cleartext = Cleartext.ALLOW,
        logs: Path = Path("/nonexistent"),
        state: Path | None = None,
        is_watched: bool = False,
    ) -> None:
        self.clock = Clock()
        self.now = FakeClock()
        self.recorder = FeedingRecorder(self.now, self.clock)
        self.policy = Policy(cleartext=cleartext)
        self.operations = FakeOperations(self)
        self.authority: Authority = authority(self.recorder, accounts(ADMIN), self.now)
        self.authority.hostname = hostname
        self.api_tokens = ApiTokens(state if state is not None else Path("/nonexistent"))
        self.tokens: Issuer = NoIssuer()
        if state is not None:
            issuer = TokenIssuer(state, self.now)
            self.tokens, self.authority.verify_token = issuer, issuer.verify
        self.reports = Reports(
            lambda: HomeLogs(logs, logs / ".mailauth"),
            maybeDeferred,
            newest=lambda: self.recorder.feed.newest,
            now=lambda: datetime.fromtimestamp(self.now(), UTC).replace(tzinfo=None),
            checked=self.authority.exposure.drained,
        )
        self.trouble: str | None = None  # that keeps logins from being recorded
        Server.made.append(self)
        self.site = WebSite(
            authority=self.authority,
            clock=self.clock,
            now=self.now,
            lasting=self.now,
            feed=self.recorder.feed,
            api_token=API_TOKEN,
            api_tokens=self.api_tokens,
            operations=self.operations,
            tokens=self.tokens,
            metrics=self.recorder.metrics,
            logs=LogFiles([logs / name for name in LOG_NAMES]),
            reports=self.reports,
            hosts=hosts,
            is_watched=is_watched,
            forwarded_from=tuple(parse_network(network) for network in forwarded_from),
            trouble=lambda: self.trouble,
        )

    def replace(self, account: Account) -> None:
        """Load the accounts anew, with one of them changed."""
        rest = (known for known in self.authority.accounts if known.name != account.name)
        self.authority.accounts = Accounts([account, *rest])


class Connection:
    """One connection to a server."""

    def __init__(
        self,
        server: Server,
        *,
        hop: Hop = CLEARTEXT,
        ip: str = "192.0.2.7",
        peer: str | None = None,
    ) -> None:
        client = Client(
            protocol=Service.HTTP,
            listener="https" if hop.secure else "http",
            local_port=2443 if hop.secure else 5272,
            session=f"session-{next(_sessions)}",
            ip=ip,
            port=49152,
            peer=peer,
        )
        self.transport = LinkedTransport(client, hop)
        self.channel: Channel = server.site.channel(lambda: server.policy)
        self.channel.makeConnection(cast(Any, self.transport))

    @property
    def closed(self) -> bool:
        """Whether the server has closed it."""
        return self.transport.disconnecting

    def send(self, data: bytes) -> bytes:
        """Send bytes and return what came back."""
        self.channel.dataReceived(data)
        received: bytes = self.transport.value()
        self.transport.clear()
        return received

    def lose(self) -> None:
        """The client is gone."""
        self.channel.connectionLost(Failure(ConnectionDone()))

    def request(
        self, method: str, target: str, fields: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a whole request and read its response."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in (fields or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return read(self.send(head + body), method)


def read(received: bytes, method: str = "GET") -> Answer:
    """Read one response."""

    class _Socket:
        def makefile(self, _: str) -> BytesIO:
            return stream

    stream = BytesIO(received)
    response = HTTPResponse(cast(Any, _Socket()), method=method)
    response.begin()
    body = response.read()
    return Answer(
        status=response.status,
        fields={name.lower(): value for name, value in response.getheaders()},
        cookies=tuple(response.msg.get_all("Set-Cookie") or ()),
        body=body,
    )


class Browser:
    """Somebody with a browser: cookies are kept, forms are filled in as they came."""

    def __init__(self, server: Server, *, hop: Hop = CLEARTEXT, ip: str = "192.0.2.7") -> None:
        self.connection = Connection(server, hop=hop, ip=ip)
        self.cookies: dict[str, str] = {}

    def get(self, target: str, fields: dict[str, str] | None = None) -> Answer:
        """Fetch a page."""
        return self._request("GET", target, fields or {})

    def submit(self, page: Answer, action: str, **values: str) -> Answer:
        """Fill in the form of a page that goes to `action`, and send it."""
        form = next(
            form
            for form in re.findall(r"<form\b.*?</form>", page.text, re.DOTALL)
            if f'action="{action}"' in form
        )
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
        filled = {name: html.unescape(value) for name, value in hidden} | values
        return self.post(action, filled)

    def post(self, target: str, values: dict[str, str]) -> Answer:
        """Send a form that nobody has asked for."""
        fields = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._request("POST", target, fields, urlencode(values).encode())

    def sign_in(self, name: str = "mary@mydomain.com", password: str = "secret") -> Answer:
        """Sign in by the form of the start page."""
        return self.submit(self.get("/sign-in"), "/sign-in", username=name, password=password)

    def _request(
        self, method: str, target: str, fields: dict[str, str], body: bytes = b""
    ) -> Answer:
        if self.cookies:
            fields["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.connection.request(method, target, fields, body)
        for cookie in answer.cookies:
            name, _, value = cookie.partition(";")[0].partition("=")
            if "Max-Age=0" in cookie:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer


def basic(name: str, password: str = "secret") -> dict[str, str]:
    """The field that brings Basic credentials."""
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def bearer(token: str = API_TOKEN) -> dict[str, str]:
    """The field that brings a token."""
    return {"Authorization": f"Bearer {token}"}
