"""Answers that their clients do not take: how much is held for them, and for how long."""

from typing import Any, cast

import msgspec
import pytest

from mailauth.web.http.backlog import ALL_OCTETS, EACH_OCTETS, Backlog
from mailauth.web.http.message import HttpError, Request, Response
from mailauth.web.http.sending import OCTETS_A_SECOND, PATIENCE_SECONDS, PIECE_OCTETS
from mailauth.web.routes import OpenRoute
from tests.web.browser import Connection, LinkedTransport, Server, basic, read

LONG = b"x" * (10 * PIECE_OCTETS)


class Slow:
    """A client that takes what is sent only when it says so."""

    def __init__(self, server: Server) -> None:
        self.connection = Connection(server)
        self.taken = b""
        self._transport = cast(Any, self.connection.transport)
        self._written = self._transport.write
        self._transport.write = self._write

    def ask(self, *targets: str) -> None:
        """Ask for everything in one segment."""
        said = "".join(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n" for target in targets)
        self.connection.channel.dataReceived(said.encode())

    def take(self) -> bytes:
        """Take what was sent, upon which there may be more; return it."""
        data: bytes = self._transport.value()
        self._transport.clear()
        self.taken += data
        if self.connection.channel.is_full:
            self.connection.channel.resumeProducing()
        return data

    def _write(self, data: bytes) -> None:
        self._written(data)
        if len(self._transport.value()) > PIECE_OCTETS and not self.connection.channel.is_full:
            self.connection.channel.pauseProducing()


@pytest.fixture
def asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been answered; every path is, with much."""
    paths: list[str] = []

    def answer(request: Request) -> Response:
        paths.append("/" + "/".join(request.path))
        return Response(body=LONG)

    monkeypatch.setattr(server.site.routes, "find", lambda _: OpenRoute("GET", "/", answer))
    return paths


def test_an_answer_is_sent_as_it_is_taken(server: Server, asked: list[str]) -> None:
    slow = Slow(server)
    slow.ask("/a")
    assert len(slow.take()) < 3 * PIECE_OCTETS
    assert len(server.site.backlog) == len(LONG)
    while slow.take():
        pass
    assert read(slow.taken).body == LONG
    assert len(server.site.backlog) == 0


def test_what_is_asked_in_one_segment_is_answered_one_by_one(
    server: Server, asked: list[str]
) -> None:
    """The next request waits until the last answer has been taken."""
    slow = Slow(server)
    slow.ask("/a", "/b", "/c")
    assert asked == ["/a"]
    while slow.take():
        pass
    assert asked == ["/a", "/b", "/c"]
    assert slow.taken.count(LONG) == 3


def test_a_client_that_takes_nothing_is_let_go(server: Server, asked: list[str]) -> None:
    slow = Slow(server)
    slow.ask("/a")
    server.clock.advance(PATIENCE_SECONDS)
    transport: LinkedTransport = slow.connection.transport
    assert not transport.aborted
    server.clock.advance(len(LONG) / OCTETS_A_SECOND + 1)
    assert transport.aborted
    slow.connection.lose()
    assert len(server.site.backlog) == 0
    assert server.clock.getDelayedCalls() == []


def test_a_client_that_leaves_leaves_nothing_behind(server: Server, asked: list[str]) -> None:
    slow = Slow(server)
    slow.ask("/a", "/b")
    slow.connection.lose()
    assert len(server.site.backlog) == 0
    assert server.clock.getDelayedCalls() == []
    assert asked == ["/a"]


def test_whoever_does_not_read_is_answered_nothing_long(
    server: Server, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address has its share, all together have what there is."""
    monkeypatch.setattr("mailauth.web.http.backlog.EACH_OCTETS", 2 * len(LONG))
    monkeypatch.setattr("mailauth.web.http.backlog.ALL_OCTETS", 3 * len(LONG))
    slow = [Slow(server) for _ in range(3)]
    for one in slow:
        one.ask("/a")
    refused = read(slow[2].take())
    assert refused.status == 503
    assert refused.fields["retry-after"] == "5"
    assert asked == ["/a", "/a"]
    assert Connection(server, ip="192.0.2.99").request("GET", "/a").status == 200
    slow[0].connection.lose()
    Slow(server).ask("/a")
    assert asked == ["/a"] * 4


def test_an_account_has_its_share_wherever_it_is(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.site.backlog.hold("bob@mydomain.com", EACH_OCTETS)
    for ip in ("192.0.2.1", "192.0.2.2"):
        asking = Connection(server, ip=ip)
        assert asking.request("GET", "/api/v1/attempts", basic("bob")).status == 503
        assert asking.request("GET", "/api/v1/me", basic("bob")).status == 200
        assert asking.request("GET", "/api/v1/attempts", basic("sue")).status == 200


def test_an_answer_that_cannot_be_held_is_not_sent(server: Server) -> None:
    """There was room when it was begun, and is none when it is made."""

    def answer(_: Request) -> Response:
        server.site.backlog.hold("others", ALL_OCTETS)
        return Response(body=LONG)

    route = OpenRoute("GET", "/", answer)
    server.site.routes._exact[("healthz",)] = {"GET": msgspec.structs.replace(route)}
    assert Connection(server).request("GET", "/healthz").status == 503


def test_the_backlog_forgets_whom_it_holds_nothing_for() -> None:
    backlog = Backlog()
    backlog.hold("a", EACH_OCTETS)
    with pytest.raises(HttpError):
        backlog.hold("a", 1)
    backlog.hold("b", 1)
    backlog.release("a", EACH_OCTETS)
    backlog.release("b", 1)
    assert len(backlog) == 0
    assert backlog._held == {}
