"""The event stream (WHATWG HTML §9.2, DESIGN 4)."""

import re

import msgspec
import pytest

from mailauth.events.feed import KEPT, NEWS_SECONDS
from mailauth.web.api.streams import MAX_STREAMS, PATIENCE_SECONDS, REPLAYED, SIGN_OF_LIFE_SECONDS
from tests.support.events import event
from tests.web.browser import Browser, Connection, Server, basic, bearer


class Listener:
    """Somebody who has the stream open."""

    def __init__(self, server: Server, fields: dict[str, str], target: str = "/events") -> None:
        self.server = server
        self.connection = Connection(server)
        lines = [
            f"GET {target} HTTP/1.1",
            "Host: localhost",
            *(f"{n}: {v}" for n, v in fields.items()),
        ]
        self.head = self.connection.send("\r\n".join([*lines, "", ""]).encode())

    def hear(self, seconds: float = 3) -> list[tuple[int, str]]:
        """Let time pass, and return the ids and the names of the events that came."""
        data = self.head + self.wait(seconds)
        self.head = b""
        return [
            (int(number), name)
            for number, name in re.findall(r"id: (\d+)\nevent: ([a-z]+)\ndata: ", data.decode())
        ]

    def pause(self) -> None:
        """Take nothing for now."""
        self.connection.channel.pauseProducing()

    def resume(self) -> None:
        """Take what comes again."""
        self.connection.channel.resumeProducing()

    def wait(self, seconds: float) -> bytes:
        """Let time pass in small steps, and return what came."""
        for _ in range(max(1, round(seconds * 20))):
            self.server.clock.advance(0.05)
        data: bytes = self.connection.transport.value()
        self.connection.transport.clear()
        return data


def test_what_is_recorded_is_told(server: Server) -> None:
    listener = Listener(server, bearer())
    assert b"Content-Type: text/event-stream\r\n" in listener.head
    assert b"Content-Length" not in listener.head
    assert listener.hear() == []
    Browser(server).sign_in("bob")
    server.clock.advance(NEWS_SECONDS)
    server.clock.advance(0.2)
    data = listener.wait(0.05).decode()
    [told] = re.findall(r"id: 1\nevent: login\ndata: (.*)\n\n", data)
    assert msgspec.json.decode(told)["user"] == "bob@mydomain.com"


def test_a_session_opens_the_stream_too(server: Server, browser: Browser) -> None:
    assert browser.get("/events").status == 401
    browser.sign_in("bob")
    listener = Listener(server, {"Cookie": f"mailauth={browser.cookies['mailauth']}"})
    Browser(server).sign_in("bob")
    Browser(server).sign_in("sue")
    assert listener.hear() == [(2, "login")]


def test_a_user_hears_of_nobody_else(server: Server) -> None:
    """DESIGN 4: filtered by role."""
    listener = Listener(server, basic("bob"), "/events?user=sue@mydomain.com")
    for name in ("sue", "bob", "mary"):
        Browser(server).sign_in(name)
    assert listener.hear() == [(3, "login")]


def test_events_are_selected(server: Server) -> None:
    listener = Listener(server, bearer(), "/events?result=bad-credentials")
    Browser(server).sign_in("sue")
    Browser(server).sign_in("sue", "wrong")
    assert listener.hear() == [(2, "login")]


def test_a_client_that_comes_back_gets_what_it_has_missed(server: Server) -> None:
    for _ in range(3):
        Browser(server).sign_in("bob")
    assert Listener(server, bearer()).hear() == []
    assert Listener(server, bearer() | {"Last-Event-ID": "1"}).hear() == [
        (2, "login"),
        (3, "login"),
    ]
    assert len(Listener(server, bearer(), "/events?after=0").hear()) == 3
    assert Connection(server).request("GET", "/events?after=x", bearer()).status == 400


def test_a_client_that_was_away_for_long_is_told_of_the_gap(server: Server) -> None:
    server.recorder.feed._newest = REPLAYED + 10
    server.recorder.events.append(event(REPLAYED + 9))
    listener = Listener(server, bearer(), "/events?after=2")
    data = listener.head.decode()
    assert 'event: gap\ndata: {"after":2,"until":10}\n\n' in data


def test_a_stream_that_falls_behind_is_told_of_the_gap(server: Server) -> None:
    """Memory is not kept for who does not read."""
    listener = Listener(server, bearer())
    server.recorder.feed.publish(event(1))
    listener.hear()
    listener.pause()
    for seq in range(2, 2 + 3 * KEPT):
        server.recorder.feed.publish(event(seq))
    assert listener.wait(3) == b""
    listener.resume()
    server.recorder.feed.publish(event(3 * KEPT + 2))
    heard = listener.hear()
    assert heard == [(3 * KEPT + 2, "gap")]


def test_a_stream_shows_that_it_lives(server: Server) -> None:
    listener = Listener(server, bearer())
    assert listener.wait(SIGN_OF_LIFE_SECONDS + 1).endswith(b":\n\n\r\n")


def test_a_client_that_does_not_read_is_let_go(server: Server) -> None:
    listener = Listener(server, bearer())
    listener.pause()
    listener.wait(PATIENCE_SECONDS)
    assert not listener.connection.transport.aborted
    listener.wait(3 * SIGN_OF_LIFE_SECONDS)
    assert listener.connection.transport.aborted


def missed(server: Server) -> int:
    """Have so many events in the record that no client takes them at once; return how many."""
    for seq in range(1, 401):
        server.recorder.events.append(event(seq))
        server.recorder.feed.publish(event(seq))
    return 400


def test_what_was_missed_is_told_as_it_is_taken(server: Server) -> None:
    """A client that does not read has nothing kept for it, and the rest is told later."""
    many = missed(server)
    replayed = Listener(server, bearer(), "/events?after=0")
    assert len(replayed.hear()) == many

    stuck = Listener(server, bearer(), "/healthz")
    stuck.pause()
    stuck.head = stuck.connection.send(
        b"GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
        + bearer()["Authorization"].encode()
        + b"\r\n\r\n"
    )
    assert stuck.hear() == []
    stuck.resume()
    assert len(stuck.hear()) == many


def test_a_client_that_takes_nothing_of_what_it_has_missed_is_let_go(server: Server) -> None:
    missed(server)
    stuck = Listener(server, bearer(), "/healthz")
    stuck.pause()
    stuck.connection.send(
        b"GET /events?after=0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: "
        + bearer()["Authorization"].encode()
        + b"\r\n\r\n"
    )
    stuck.wait(PATIENCE_SECONDS + 3 * SIGN_OF_LIFE_SECONDS)
    assert stuck.connection.transport.aborted
    stuck.connection.lose()
    assert "mailauth_event_streams 0.0" in metrics(server)


def test_the_stream_ends_with_the_session(server: Server, browser: Browser) -> None:
    browser.sign_in("bob")
    listener = Listener(server, {"Cookie": f"mailauth={browser.cookies['mailauth']}"})
    browser.submit(browser.get("/"), "/sign-out")
    assert listener.wait(SIGN_OF_LIFE_SECONDS + 1).endswith(b"0\r\n\r\n")


def test_the_stream_ends_when_the_account_is_disabled(server: Server) -> None:
    listener = Listener(server, basic("bob"))
    [bob] = [one for one in server.authority.accounts if one.name == "bob@mydomain.com"]
    server.replace(msgspec.structs.replace(bob, disabled=True))
    assert listener.wait(SIGN_OF_LIFE_SECONDS + 1).endswith(b"0\r\n\r\n")


def test_a_client_that_leaves_leaves_nothing_behind(server: Server) -> None:
    listener = Listener(server, bearer())
    listener.connection.lose()
    server.clock.advance(SIGN_OF_LIFE_SECONDS)
    server.clock.advance(SIGN_OF_LIFE_SECONDS)
    assert server.clock.getDelayedCalls() == []


def test_a_stopping_server_ends_the_streams(server: Server) -> None:
    listener = Listener(server, bearer())
    server.site.close()
    assert listener.wait(0).endswith(b"0\r\n\r\n")


def test_head_does_not_open_a_stream(server: Server) -> None:
    assert Connection(server).request("HEAD", "/events", bearer()).status == 200
    assert server.clock.getDelayedCalls() != []  # the connection's own deadline, and no stream's
    assert "mailauth_event_streams 0.0" in metrics(server)


def test_streams_are_counted_and_bounded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailauth.web.api.streams.MAX_STREAMS", 3)
    for _ in range(3):
        Listener(server, bearer())
    assert Connection(server).request("GET", "/events", bearer()).status == 503
    assert "mailauth_event_streams 3.0" in metrics(server)
    assert MAX_STREAMS >= 500


def test_no_account_can_take_the_streams_of_all(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sees their own sign-ins alone gets a few; administrators still find one."""
    monkeypatch.setattr("mailauth.web.api.streams.STREAMS_EACH", 2)
    first, _ = (Listener(server, basic("bob")) for _ in range(2))
    assert Connection(server).request("GET", "/events", basic("bob")).status == 503
    for _ in range(3):
        assert b" 200 " in Listener(server, bearer()).head
    assert b" 200 " in Listener(server, basic("sue")).head
    first.connection.lose()
    assert b" 200 " in Listener(server, basic("bob")).head


def metrics(server: Server) -> str:
    return Connection(server).request("GET", "/metrics", bearer()).text
