"""Floods of clients that ask for much and take nothing: event streams, lists, pages."""

from base64 import b64encode
from socket import create_connection, socket

from mailauth.testing import RunningServer
from tools.floods.flood import NAME, PASSWORD, Bounds, Flood, Stranger

RECORDS = 9000
STREAMS, READS = 50, 1000
_AT_ONCE = 100
_EACH = 50  # connections of one stranger
_SMALL = 4096  # octets that the client's own socket takes in
_AUTHORIZATION = "Basic " + b64encode(f"{NAME}:{PASSWORD}".encode()).decode()

MEMORY = Bounds(memory=100_000_000)


def many_large_records(server: RunningServer) -> None:
    """Log in often, each time as a client with a long name."""
    begun = "GET /api/v1/me HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + "x" * 900
    with create_connection(("127.0.0.1", server.port("http")), 20) as connection:
        for _ in range(0, RECORDS, _AT_ONCE):
            for number in range(_AT_ONCE):  # written otherwise each time, or it is the same login
                field = _AUTHORIZATION.replace(" ", " " * (number + 1))
                connection.sendall(f"{begun}\r\nAuthorization: {field}\r\n\r\n".encode())
            answered = b""
            while answered.count(b"HTTP/1.1 200 ") < _AT_ONCE:
                answered += connection.recv(65536)


def unread_streams(stranger: Stranger) -> None:
    """Have everything told again, and take nothing of it."""
    _ask(stranger, "/events?after=1", 1)


def unread_reads(stranger: Stranger) -> None:
    """Ask for the longest lists, and take nothing of them."""
    _ask(stranger, "/api/v1/attempts?limit=1000", _EACH)


def unread_pipelines(stranger: Stranger) -> None:
    """Ask for a list again and again on one connection, and take nothing."""
    _ask(stranger, "/api/v1/attempts?limit=1000", 1, requests=100)


def unread_files(stranger: Stranger) -> None:
    """Ask for what anybody gets, as often as one segment holds requests."""
    _ask(stranger, "/api/v1/openapi.json", _EACH, requests=100)


def _ask(stranger: Stranger, target: str, connections: int, requests: int = 1) -> None:
    request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {_AUTHORIZATION}\r\n\r\n"
    held: list[socket] = []
    for _ in range(connections):
        connection = stranger.connect("http", takes=_SMALL)
        connection.sendall(request.encode() * requests)
        stranger.tried(requests)
        held.append(connection)
    stranger.over.wait()
    for connection in held:
        connection.close()


READERS = (
    Flood("unread-streams", unread_streams, STREAMS, bounds=MEMORY, prepare=many_large_records),
    Flood("unread-reads", unread_reads, READS // _EACH, bounds=MEMORY, prepare=many_large_records),
    Flood("unread-pipelines", unread_pipelines, bounds=MEMORY, prepare=many_large_records),
    Flood("unread-files", unread_files, bounds=MEMORY),
)
