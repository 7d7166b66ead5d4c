"""What a page shows while a large log is read for the first time."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred

from mailauth.report.progress import LONG_OCTETS, Reading
from mailauth.report.rows import Case
from mailauth.web.console.reading import AGAIN_SECONDS, PATIENCE_SECONDS
from mailauth.web.reports import Slice
from tests.web.browser import Answer, Browser, Connection, Server, bearer, read

_NOTHING: Slice[Case] = Slice([], 0)
HALF = Reading(LONG_OCTETS, 2 * LONG_OCTETS)


class Slow:
    """Reports whose answers come when a test says so, and how far the reading is."""

    def __init__(self, server: Server) -> None:
        self.asked: list[tuple[Any, Deferred[Any]]] = []
        self.logs = SimpleNamespace(reading=None, close=lambda: None)
        server.reports._in_thread = self._wait
        server.reports._logs = cast(Any, self.logs)

    def _wait(self, call: Any) -> Deferred[Any]:
        deferred: Deferred[Any] = Deferred()
        self.asked.append((call, deferred))
        return deferred


@pytest.fixture
def operator(server: Server) -> Browser:
    """Whoever started the server, by the link."""
    browser = Browser(server, ip="127.0.0.1")
    browser.get(server.site.admin_link())
    return browser


def ask(server: Server, operator: Browser, path: str, seconds: float) -> Answer | None:
    """Ask for a page, and return what has come after so many seconds, if anything."""
    connection = Connection(server, ip="127.0.0.1")
    cookies = "; ".join(f"{name}={value}" for name, value in operator.cookies.items())
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n"
    received = connection.send(head.encode())
    for _ in range(round(seconds * 10)):
        server.clock.advance(0.1)
    received += connection.send(b"")
    return read(received) if received else None


@pytest.mark.parametrize("path", ["/", "/cases", "/logins", "/account?name=bob", "/cutoff"])
def test_a_page_says_how_far_the_logs_have_been_read(
    server: Server, operator: Browser, path: str
) -> None:
    """And the browser asks again by itself; without a script, too."""
    slow = Slow(server)
    slow.logs.reading = None
    assert ask(server, operator, path, 0) is None
    slow.logs.reading = HALF
    answer = ask(server, operator, path, PATIENCE_SECONDS + 1)
    assert answer is not None
    assert answer.status == 503
    assert "Reading the logs: 50 %" in answer.text
    assert answer.fields["refresh"] == answer.fields["retry-after"] == str(AGAIN_SECONDS)


def test_what_was_asked_first_goes_on_and_nothing_queues_after_it(
    server: Server, operator: Browser
) -> None:
    """Somebody who comes again every two seconds asks for nothing that is asked already."""
    slow = Slow(server)
    connection = Connection(server, ip="127.0.0.1")
    cookie = operator.cookies["mailauth"]
    head = f"GET /cases HTTP/1.1\r\nHost: localhost\r\nCookie: mailauth={cookie}\r\n\r\n"
    assert connection.send(head.encode()) == b""
    slow.logs.reading = HALF
    server.clock.advance(PATIENCE_SECONDS)
    assert b"503" in connection.send(b"").partition(b"\r\n")[0]
    for _ in range(5):
        answer = ask(server, operator, "/cases", 0)
        assert answer is not None
        assert answer.status == 503
    [(_, first)] = slow.asked
    slow.logs.reading = None
    first.callback(_NOTHING)
    answer = ask(server, operator, "/cases", 0)
    assert answer is not None
    assert answer.status == 200
    assert len(slow.asked) == 1


def test_a_little_that_is_new_is_waited_for(server: Server, operator: Browser) -> None:
    """A log that grows is read on at each question; nobody needs to hear of that."""
    slow = Slow(server)
    slow.logs.reading = Reading(0, LONG_OCTETS - 1)
    assert ask(server, operator, "/cases", 10) is None
    assert len(slow.asked) == 1


def test_other_pages_and_the_api_do_not_hear_of_it(server: Server, operator: Browser) -> None:
    """What needs no report is there at once; a program waits for its report."""
    slow = Slow(server)
    slow.logs.reading = HALF
    for path in ("/live", "/connections", "/listeners", "/accounts", "/setup"):
        assert operator.get(path).status == 200
    connection = Connection(server)
    fields = "".join(f"{name}: {value}\r\n" for name, value in bearer().items())
    head = f"GET /api/v1/cases HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"
    assert connection.send(head.encode()) == b""
    server.clock.advance(3 * PATIENCE_SECONDS)
    assert connection.send(b"") == b""
    [(_, first)] = slow.asked
    first.callback(_NOTHING)
    assert b"200" in connection.send(b"").partition(b"\r\n")[0]


def test_a_visitor_who_leaves_meanwhile_is_forgotten(server: Server, operator: Browser) -> None:
    slow = Slow(server)
    before = len(server.clock.getDelayedCalls())
    connection = Connection(server, ip="127.0.0.1")
    cookie = operator.cookies["mailauth"]
    head = f"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: mailauth={cookie}\r\n\r\n"
    connection.send(head.encode())
    connection.lose()
    slow.logs.reading = HALF
    server.clock.advance(5)
    assert len(slow.asked) == 1
    assert len(server.clock.getDelayedCalls()) == before


@pytest.mark.parametrize(
    ("done", "expected", "percent"),
    [(0, 0, 99), (0, 10, 0), (5, 10, 50), (10, 10, 99), (30, 10, 99)],
)
def test_it_is_never_done_before_it_is(done: int, expected: int, percent: int) -> None:
    assert Reading(done, expected).percent == percent
