"""HTTP/1.1 on a connection: what it takes, what it bounds, what it records (RFC 9110, 9112)."""

from io import StringIO

import pytest
from twisted.logger import FileLogObserver, globalLogPublisher

from mailauth.server.diagnostics import line, worth_telling
from mailauth.web.http.channel import (
    BODY_OCTETS,
    CHUNKS,
    DRAINED_OCTETS,
    HEADER_LINES,
    OCTETS_A_CHUNK,
    REQUEST_SECONDS,
)
from mailauth.web.http.message import Response
from mailauth.web.routes import OpenRoute
from tests.web.browser import Browser, Connection, Server, read


def reasons(server: Server) -> list[str | None]:
    return [event.reason for event in server.recorder.connections]


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/api/v1/me", "/static/console.css"])
def test_every_response_is_fenced_in(server: Server, path: str) -> None:
    """DESIGN 8: strict CSP; no word about who serves it."""
    fields = Connection(server).request("GET", path).fields
    assert "default-src 'none'" in fields["content-security-policy"]
    assert "unsafe" not in fields["content-security-policy"]
    assert fields["x-content-type-options"] == "nosniff"
    assert "server" not in fields
    assert "strict-transport-security" not in fields
    caching = "immutable" if path.startswith("/static") else "no-store"
    assert caching in fields["cache-control"]


def test_healthz(server: Server) -> None:
    assert Connection(server).request("GET", "/healthz").text == "ok\n"


def test_healthz_tells_that_logins_cannot_be_recorded(server: Server) -> None:
    server.trouble = "No space left on device"
    answer = Connection(server).request("GET", "/healthz")
    assert (answer.status, answer.text) == (503, "No space left on device\n")
    server.trouble = None
    assert Connection(server).request("GET", "/healthz").status == 200


def test_healthz_tells_that_the_server_is_stopping(server: Server) -> None:
    server.site.stopping = True
    answer = Connection(server).request("GET", "/healthz")
    assert (answer.status, answer.text) == (503, "the server is stopping\n")


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/api/v1/me"])
def test_head_is_a_get_without_content(server: Server, path: str) -> None:
    """RFC 9110 §9.3.2."""
    connection = Connection(server)
    get = connection.request("GET", path)
    received = connection.send(f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert received.endswith(b"\r\n\r\n")
    head = read(received, "HEAD")
    assert head.status == get.status
    assert head.fields["content-length"] == get.fields["content-length"]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", "/healthz", 405, "GET, HEAD"),
        ("GET", "/sign-out", 405, "POST"),
        ("TRACE", "/", 405, "GET, HEAD"),
        ("OPTIONS", "/sign-in", 405, "GET, HEAD, POST"),
        ("BREW", "/", 501, None),
        ("get", "/", 501, None),
        ("GET", "/nothing", 404, None),
        ("GET", "/%2e%2e/etc/passwd", 404, None),
        ("GET", "/static/..%2fpages.py", 404, None),
        ("GET", "/static/base.html", 404, None),
        ("GET", "/%ff", 400, None),
        ("GET", "http://localhost/healthz", 200, None),
        ("GET", "HTTPS://localhost:2443/healthz?x", 200, None),
        ("GET", "http://localhost", 200, None),
        ("OPTIONS", "*", 400, None),
        ("CONNECT", "localhost:80", 400, None),
    ],
)
def test_methods_and_targets(
    server: Server, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = Connection(server).request(method, path)
    assert (answer.status, answer.fields.get("allow")) == (status, allow)


def test_http_1_1_needs_a_host(server: Server) -> None:
    """RFC 9112 §3.2."""
    assert read(Connection(server).send(b"GET / HTTP/1.1\r\n\r\n")).status == 400
    assert read(Connection(server).send(b"GET / HTTP/1.0\r\n\r\n")).status == 200


def test_an_http_1_0_connection_ends_behind_its_response(server: Server) -> None:
    connection = Connection(server)
    connection.send(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert connection.closed


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    connection = Connection(server)
    wanted = (
        b"GET /healthz HTTP/1.1\r\nHost: [::]\r\n\r\nGET /nothing HTTP/1.1\r\nHost: [::]\r\n\r\n"
    )
    received = connection.send(wanted * 200)
    assert received.count(b"HTTP/1.1 200 OK") == received.count(b"HTTP/1.1 404 Not Found") == 200
    assert received.index(b"200 OK") < received.index(b"404 Not Found")


def test_a_request_byte_by_byte(server: Server) -> None:
    connection = Connection(server)
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    received = [connection.send(bytes([octet])) for octet in request]
    assert set(received[:-1]) == {b""}
    assert read(received[-1]).status == 200


def test_a_bug_is_500_and_tells_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch, browser: Browser
) -> None:
    """DESIGN 6: our fault is said, and no more."""

    def fail(*_: object) -> None:
        raise RuntimeError("the secret text of an exception")

    page = browser.get("/sign-in")
    monkeypatch.setattr(server.authority.blocking, "is_blocked", fail)
    answer = browser.submit(page, "/sign-in", username="mary", password="secret")
    assert answer.status == 500
    assert "secret text" not in answer.text
    assert browser.get("/healthz").status == 200


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nothing"])
def test_a_page_that_cannot_be_made_is_500_all_the_same(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Nor can the page for errors be made then: what is left is plain text."""

    def fail(*_: object, **__: object) -> None:
        raise KeyError("icon.svg")

    monkeypatch.setattr(server.site._pages._environment, "get_template", fail)
    connection = Connection(server)
    answer = connection.request("GET", path)
    assert answer.status == (404 if path == "/nothing" else 500)
    assert answer.fields["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.endswith(".\n")
    assert "default-src 'none'" in answer.fields["content-security-policy"]
    assert connection.request("GET", "/healthz").status == 200


def test_an_answer_that_cannot_be_sent_is_500(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field with a line break is a mistake of ours: it is said, and the connection ends."""
    broken = Response(headers=((b"Location", b"a\r\nb"),))
    monkeypatch.setattr(
        server.site.routes, "find", lambda _: OpenRoute("GET", "/", lambda _: broken)
    )
    connection = Connection(server)
    answer = connection.request("GET", "/")
    assert answer.status == 500
    assert answer.text == "Internal error: the server could not answer this request.\n"
    assert connection.closed
    assert reasons(server) == []


def test_a_client_that_says_nothing_is_let_go_unrecorded(server: Server) -> None:
    """DESIGN 2.2: nothing is written for a connection closed without a byte."""
    connection = Connection(server)
    server.clock.advance(REQUEST_SECONDS - 1)
    assert not connection.closed
    server.clock.advance(1)
    assert connection.closed
    assert connection.transport.value() == b""
    assert server.recorder.events == []


def test_a_connection_that_idles_is_no_diagnostic(server: Server) -> None:
    """Browsers and mail clients keep connections; that their time is up is nobody's business."""
    told = StringIO()
    observer = worth_telling(FileLogObserver(told, line))
    globalLogPublisher.addObserver(observer)
    try:
        connection = Connection(server)
        server.clock.advance(REQUEST_SECONDS)
        assert connection.closed
        server.clock.advance(30)
        assert connection.transport.aborted
    finally:
        globalLogPublisher.removeObserver(observer)
    assert told.getvalue() == ""


def test_a_client_that_drips_is_let_go(server: Server) -> None:
    """A request must be whole in time, however steadily its bytes arrive."""
    connection = Connection(server)
    connection.send(b"GET / HTTP/1.1\r\n")
    for _ in range(REQUEST_SECONDS - 1):
        server.clock.advance(1)
        connection.send(b"X: y\r\n")
    assert not connection.closed
    server.clock.advance(1)
    assert connection.closed
    assert connection.transport.value().startswith(b"HTTP/1.1 408 Request Timeout")
    assert reasons(server) == ["timeout"]


def test_a_client_that_does_not_go_is_cut_off(server: Server) -> None:
    connection = Connection(server)
    server.clock.advance(REQUEST_SECONDS)
    server.clock.advance(30)
    assert connection.transport.aborted


def test_an_idle_connection_has_the_same_time_again(server: Server) -> None:
    connection = Connection(server)
    server.clock.advance(REQUEST_SECONDS - 1)
    connection.request("GET", "/healthz")
    server.clock.advance(REQUEST_SECONDS - 1)
    assert not connection.closed
    server.clock.advance(1)
    assert connection.closed
    assert server.recorder.events == []


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::]\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 5000,
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: identity\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: identity\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding:\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1, 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n\tTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n",
    ],
)
def test_what_is_no_request_is_400_and_recorded(server: Server, request_: bytes) -> None:
    """RFC 9112 §2.2, §6.3; DESIGN 2.2."""
    connection = Connection(server)
    received = connection.send(request_ + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3)
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.startswith(b"HTTP/1.1 400 ")
    assert connection.closed
    assert reasons(server) == ["malformed-request"]
    assert connection.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") == b""


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + b"a" * 20_000, 414),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + (b"X: " + b"y" * 10_000 + b"\r\n") * 4, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * HEADER_LINES, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 10_000_000, 431),
    ],
)
def test_headers_are_bounded(server: Server, request_: bytes, status: int) -> None:
    """RFC 6585 §5, RFC 9110 §15.5.15."""
    connection = Connection(server)
    assert read(connection.send(request_)).status == status
    assert connection.closed
    assert reasons(server) == ["line-too-long"]


def test_headers_are_counted_for_each_request_alone(server: Server) -> None:
    connection = Connection(server)
    for _ in range(5):
        assert connection.request("GET", "/healthz", {"X": "a" * 10_000}).status == 200


@pytest.mark.parametrize("length", ["9" * 30, "9" * 5000, str(10**9)])
def test_an_endless_content_is_refused_at_once(server: Server, length: str) -> None:
    connection = Connection(server)
    request = f"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    assert read(connection.send(request.encode())).status == 413
    assert connection.closed


def test_a_long_content_is_read_to_its_end_and_refused(server: Server) -> None:
    """So that a client that sends first and reads then learns why."""
    connection = Connection(server)
    body = b"x" * (BODY_OCTETS + 1)
    answer = connection.request("POST", "/sign-in", body=body)
    assert answer.status == 413
    assert connection.closed


def test_a_long_content_in_chunks_is_cut_off(server: Server) -> None:
    connection = Connection(server)
    connection.send(
        b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    received = b""
    for _ in range(DRAINED_OCTETS // 0x10000 + 1):
        received += connection.send(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    assert received.startswith(b"HTTP/1.1 413 ")
    assert received.count(b"HTTP/1.1") == 1
    assert connection.closed


CHUNKED = b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_coding_that_is_not_known_is_501(server: Server) -> None:
    """RFC 9112 §6.1."""
    connection = Connection(server)
    answer = read(connection.send(CHUNKED.replace(b"chunked", b"gzip, chunked")))
    assert answer.status == 501
    assert connection.closed
    assert reasons(server) == ["malformed-request"]


def test_old_clients_have_no_codings(server: Server) -> None:
    """RFC 9112 §6.1."""
    connection = Connection(server)
    answer = read(connection.send(CHUNKED.replace(b"/1.1", b"/1.0") + b"0\r\n\r\n"))
    assert answer.status == 400
    assert connection.closed


@pytest.mark.parametrize("chunks", [1, 1000])
def test_content_may_come_in_chunks(server: Server, chunks: int) -> None:
    """RFC 9112 §7.1."""
    connection = Connection(server)
    received = connection.send(CHUNKED + b"1\r\na\r\n" * chunks + b"0\r\n\r\n")
    assert read(received).status == 415  # it does not say that it is a form
    assert connection.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("chunk", [b"1\r\na\r\n", b"1;" + b"x" * 900 + b"\r\na\r\n"])
def test_content_may_not_come_in_shreds(server: Server, chunk: bytes) -> None:
    """Each chunk costs microseconds, whatever is in it."""
    connection = Connection(server)
    received = b""
    sent = 0
    connection.send(CHUNKED)
    while not received and sent < BODY_OCTETS:
        received = connection.send(chunk * 64)
        sent += 64
    assert read(received).status == 400
    assert connection.closed
    assert sent <= 1.2 * CHUNKS


def test_large_chunks_may_be_many(server: Server) -> None:
    """They are read on as other content that is too long."""
    connection = Connection(server)
    size = 2 * OCTETS_A_CHUNK
    chunk = b"%x\r\n" % size + b"a" * size + b"\r\n"
    received = connection.send(CHUNKED + chunk * (2 * CHUNKS) + b"0\r\n\r\n")
    assert read(received).status == 413


def test_a_long_content_is_not_asked_for(server: Server) -> None:
    """RFC 9110 §10.1.1."""
    head = (
        "POST /sign-in HTTP/1.1\r\nHost: [::]\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n"
    )
    assert Connection(server).send(head.format(10).encode()).startswith(b"HTTP/1.1 100 ")
    assert Connection(server).send(head.format(BODY_OCTETS + 1).encode()) == b""


def test_a_form_must_say_that_it_is_one(server: Server) -> None:
    fields = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = Connection(server).request("POST", "/sign-in", fields, b"--x--")
    assert answer.status == 415
    assert server.recorder.events == []


def test_a_form_with_countless_fields_is_refused(server: Server) -> None:
    fields = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = Connection(server).request("POST", "/sign-in", fields, b"a&" * 30_000)
    assert answer.status == 400


def test_static_files_are_named_by_their_content(server: Server, browser: Browser) -> None:
    page = browser.get("/").text
    url = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = browser.get(url)
    assert answer.fields["content-type"] == "text/css; charset=utf-8"
    assert len(url.partition("?")[2]) == 12
