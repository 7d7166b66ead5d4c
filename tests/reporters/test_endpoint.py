"""Who may report, and what a request costs that may not."""

import json
from io import StringIO
from typing import Any, cast

import pytest
from twisted.internet.task import Clock
from twisted.logger import FileLogObserver, globalLogPublisher

from mailauth.config import ReporterConfig, ReporterKind
from mailauth.login.client import Client
from mailauth.login.event import Attempt, LoginEvent, Service
from mailauth.login.hop import CLEARTEXT
from mailauth.login.policy import Policy
from mailauth.reporters.endpoint import QUIET_SECONDS, PolicyEndpoint, Settings
from mailauth.server.diagnostics import line
from mailauth.web.http.channel import REQUEST_SECONDS
from mailauth.web.http.connection import Connection
from mailauth.wire.pending import Pending
from tests.reporters.test_dovecot_policy import REPORT
from tests.support.recording import recorded
from tests.web.browser import LinkedTransport

TOKEN = "0123456789abcdef" * 4
PLAIN = json.dumps(REPORT).encode()
KEY = f"X-API-Key: {TOKEN}"


class Keeping:
    """A recorder that keeps attempts; while it is `full` it cannot, while it is `slow` it waits."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.full = False
        self.slow: Pending[LoginEvent | None] | None = None

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        if self.full:
            return None
        self.attempts.append(attempt)
        return self.slow if self.slow is not None else recorded()


CLIENT = Client(
    protocol=Service.HTTP,
    listener="dovecot-policy",
    local_port=5273,
    session="s",
    ip="127.0.0.1",
    port=49152,
)


class Desk:
    """One reporter, and a connection to it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.recorder = Keeping()
        self.endpoint = PolicyEndpoint(
            "dovecot", Settings(TOKEN.encode()), self.recorder, self.clock.seconds
        )
        self.connect()

    def connect(self) -> None:
        self.socket = LinkedTransport(CLIENT, CLEARTEXT)
        self.channel = self.endpoint.channel(
            lambda facts: Connection(*facts.client_facts(), Policy, key=b"k"), self.clock
        )
        self.channel.makeConnection(cast(Any, self.socket))

    def send(self, data: bytes) -> bytes:
        self.channel.dataReceived(data)
        received: bytes = self.socket.value()
        self.socket.clear()
        return received

    def post(
        self,
        content: bytes = PLAIN,
        *fields: str,
        target: str = "/policy?command=report",
        method: str = "POST",
    ) -> bytes:
        """Send a request as Dovecot does, and return what is answered."""
        head = [
            f"{method} {target} HTTP/1.1",
            "Host: 127.0.0.1:5273",
            f"Content-Length: {len(content)}",
            *(fields or (KEY,)),
        ]
        return self.send("\r\n".join([*head, "", ""]).encode() + content)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_a_report_is_recorded_and_answered(desk: Desk) -> None:
    answer = desk.post()
    assert status(answer) == 200
    assert answer.endswith(b'\r\n\r\n{"status":0}')
    assert [attempt.user for attempt in desk.recorder.attempts] == ["bob@example.com"]
    assert (desk.endpoint.recorded, desk.endpoint.refused) == (1, 0)


def test_many_reports_come_on_one_connection(desk: Desk) -> None:
    for _ in range(100):
        assert status(desk.post()) == 200
    assert len(desk.recorder.attempts) == 100
    assert not desk.socket.disconnecting


@pytest.mark.parametrize(
    "field",
    [
        KEY,
        f"x-api-key:{TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"authorization: bearer  {TOKEN}",
    ],
)
def test_the_token_may_come_either_way(desk: Desk, field: str) -> None:
    assert status(desk.post(PLAIN, field)) == 200


@pytest.mark.parametrize(
    "field",
    [
        "X-Other: x",
        "X-API-Key:",
        "X-API-Key: wrong",
        f"X-API-Key: {TOKEN[:-1]}",
        f"X-API-Key: {TOKEN}0",
        f"X-API-Key: {TOKEN.upper()}",
        f"Authorization: Basic {TOKEN}",
        f"Authorization: {TOKEN}",
        f"Cookie: token={TOKEN}",
    ],
)
def test_without_the_token_there_is_no_record(desk: Desk, field: str) -> None:
    answer = desk.post(PLAIN, field)
    assert status(answer) == 401
    assert b"WWW-Authenticate: Bearer" in answer
    assert desk.recorder.attempts == []
    assert TOKEN.encode() not in answer


def test_the_token_in_the_address_is_not_the_token(desk: Desk) -> None:
    answer = desk.post(PLAIN, "X-Other: x", target=f"/policy?command=report&token={TOKEN}")
    assert (status(answer), desk.recorder.attempts) == (401, [])


@pytest.mark.parametrize(
    "field", ["Origin: http://127.0.0.1:5273", "Origin: null", "Sec-Fetch-Site: same-origin"]
)
def test_a_web_page_cannot_report(desk: Desk, field: str) -> None:
    assert status(desk.post(PLAIN, KEY, field)) == 403
    assert desk.recorder.attempts == []


@pytest.mark.parametrize(
    ("target", "method", "expected"),
    [
        ("/policy?command=allow", "POST", 200),
        ("/policy?command=report", "GET", 405),
        ("/policy?command=report", "PUT", 405),
        ("/policy?command=other", "POST", 400),
        ("/policy", "POST", 400),
        ("/?command=report", "POST", 404),
        ("/policy/x?command=report", "POST", 404),
        ("/api/v1/events", "POST", 404),
    ],
)
def test_other_requests_are_no_reports(desk: Desk, target: str, method: str, expected: int) -> None:
    assert status(desk.post(target=target, method=method)) == expected
    assert desk.recorder.attempts == []


@pytest.mark.parametrize("octets", [16_385, 65_536, 65_537, 1_000_000])
def test_an_oversized_report_is_no_record(desk: Desk, octets: int) -> None:
    assert status(desk.post(PLAIN + b" " * (octets - len(PLAIN)))) == 413
    assert desk.recorder.attempts == []


def test_a_report_of_just_the_right_size_is_one(desk: Desk) -> None:
    assert status(desk.post(PLAIN + b" " * (16_384 - len(PLAIN)))) == 200


def test_what_is_not_a_report_is_refused(desk: Desk) -> None:
    answer = desk.post(b'{"success": true, "pwhash": "CANARY", "login": 7, "protocol": "imap"}')
    assert status(answer) == 400
    assert b"CANARY" not in answer
    assert desk.recorder.attempts == []


def test_a_service_that_is_not_recorded_is_answered(desk: Desk) -> None:
    assert status(desk.post(PLAIN.replace(b'"imap"', b'"sieve"'))) == 200
    assert (desk.recorder.attempts, desk.endpoint.recorded) == ([], 0)


def test_what_cannot_be_recorded_is_refused(desk: Desk) -> None:
    desk.recorder.full = True
    assert status(desk.post()) == 503
    assert desk.endpoint.recorded == 0


def test_the_answer_waits_for_the_disk(desk: Desk) -> None:
    desk.recorder.slow = Pending()
    assert desk.post() == b""
    desk.recorder.slow.resolve(recorded())
    assert status(desk.socket.value()) == 200


def test_a_report_that_drips_is_given_up(desk: Desk) -> None:
    """Half of a report, an octet every second: nobody holds a connection for ever."""
    head = f"POST /policy?command=report HTTP/1.1\r\nHost: x\r\n{KEY}\r\n"
    desk.send(f"{head}Content-Length: 16000\r\n\r\n".encode())
    for _ in range(REQUEST_SECONDS + 1):
        desk.send(b" ")
        desk.clock.advance(1)
    assert desk.socket.disconnecting
    assert desk.recorder.attempts == []


def test_a_connection_without_a_request_ends_and_is_not_recorded(desk: Desk) -> None:
    desk.clock.advance(REQUEST_SECONDS)
    assert desk.socket.disconnecting
    desk.connect()
    desk.send(b"EHLO x\r\n\r\n")
    assert desk.socket.disconnecting
    assert desk.recorder.attempts == []


def test_the_operator_hears_of_each_cause_once_a_minute(desk: Desk) -> None:
    told = StringIO()
    observer = FileLogObserver(told, line)
    globalLogPublisher.addObserver(observer)
    try:
        for _ in range(1_000):
            desk.post(PLAIN, "X-API-Key: guess")
        desk.post(b"{}")
        assert told.getvalue().count(" refused a request ") == 2
        assert "Reporter dovecot refused a request from 127.0.0.1 with 401" in told.getvalue()
        desk.clock.advance(QUIET_SECONDS)
        desk.connect()
        desk.post(PLAIN, "X-API-Key: guess")
        assert told.getvalue().count(" refused a request ") == 3
    finally:
        globalLogPublisher.removeObserver(observer)
    assert desk.endpoint.refused == 1_002
    assert "guess" not in told.getvalue()
    assert TOKEN not in told.getvalue()


def test_nothing_shows_the_token(desk: Desk) -> None:
    config = ReporterConfig(kind=ReporterKind.DOVECOT_POLICY, port=1, token_file="dovecot.token")
    assert TOKEN not in f"{desk.endpoint.settings!r} {desk.endpoint!r} {config!r}"
