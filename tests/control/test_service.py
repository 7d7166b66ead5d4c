"""The control socket: typed requests and answers, and nothing that a client can do harm with."""

import os
import struct

import msgspec
import pytest
from twisted.internet.testing import MemoryReactorClock, StringTransport

from mailauth.control.line import MAX_OCTETS, Failed, Reply, encode
from mailauth.control.service import (
    MAX_CONNECTIONS,
    MAX_REQUESTS,
    REQUEST_SECONDS,
    ControlConnection,
    ControlService,
)
from mailauth.wire.pending import Pending


class Echo(msgspec.Struct, frozen=True, tag="echo"):
    """A request, and its answer."""

    text: str


class Later(msgspec.Struct, frozen=True, tag="later"):
    """A request whose answer takes time."""


class Broken(msgspec.Struct, frozen=True, tag="broken"):
    """A request that meets our bug."""


class FromProcess(StringTransport):
    """A transport whose other end is a process of this user."""

    uid = os.geteuid()

    def getHandle(self) -> "FromProcess":
        """The socket."""
        return self

    def getsockopt(self, *_: int) -> bytes:
        """struct ucred."""
        return struct.pack("3i", 1, self.uid, 0)


class Asking:
    """A service in memory and its clients."""

    def __init__(self) -> None:
        self.clock = MemoryReactorClock()
        self.later: list[Pending[msgspec.Struct]] = []
        self.service = ControlService(
            {Echo: lambda request: request, Later: self._later, Broken: self._broken}, self.clock
        )

    def connect(self, uid: int | None = None) -> ControlConnection | None:
        """Connect a process of a user."""
        connection = self.service.buildProtocol(None)
        if connection is not None:
            transport = FromProcess()
            transport.uid = os.geteuid() if uid is None else uid
            connection.makeConnection(transport)
        return connection

    def said(self, connection: ControlConnection) -> bytes:
        """Return what the service has said since the last call."""
        self.clock.advance(0)
        transport = connection.transport
        assert isinstance(transport, FromProcess)
        said = transport.value()
        transport.clear()
        assert isinstance(said, bytes)
        return said

    def _later(self, _: Later) -> Reply:
        self.later.append(Pending())
        return self.later[-1]

    def _broken(self, _: Broken) -> Reply:
        raise LookupError("tell nobody")


@pytest.fixture
def asking() -> Asking:
    """A service."""
    return Asking()


@pytest.fixture
def client(asking: Asking) -> ControlConnection:
    """A client of it."""
    connection = asking.connect()
    assert connection is not None
    return connection


def transport(connection: ControlConnection) -> FromProcess:
    """Where the client is."""
    assert isinstance(connection.transport, FromProcess)
    return connection.transport


def test_a_request_is_a_line_and_so_is_its_answer(
    asking: Asking, client: ControlConnection
) -> None:
    """Also when it comes byte by byte."""
    line = b'{"type":"echo","text":"gr\xc3\xbc\xc3\x9fe"}\n'
    for start in range(len(line)):
        client.dataReceived(line[start : start + 1])
    assert asking.said(client) == line


def test_requests_are_answered_in_their_order(asking: Asking, client: ControlConnection) -> None:
    """One at a time: while one waits, nothing more is read."""
    client.dataReceived(encode(Later()) + encode(Echo("second")))
    assert asking.said(client) == b""
    assert transport(client).producerState == "paused"
    asking.later[0].resolve(Echo("first"))
    assert transport(client).producerState == "producing"
    said = asking.said(client) + asking.said(client)
    assert said == encode(Echo("first")) + encode(Echo("second"))


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"list blocks\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b'{"type":"unheard-of"}\n',
        b'{"type":"echo"}\n',
        b'{"type":"echo","text":7}\n',
        b'{"type":"echo","text":"\xff"}\n',
        b"[" * 100_000 + b"\n",
        b'{"a":' * 5_000 + b"\n",
        b"GET / HTTP/1.1\r\n",
        os.urandom(1000).replace(b"\n", b"") + b"\n",
    ],
)
def test_what_is_no_request_ends_the_connection(
    asking: Asking, client: ControlConnection, line: bytes
) -> None:
    """It is told so in one line that quotes nothing."""
    client.dataReceived(line)
    assert asking.said(client) == encode(Failed("not a line of the control protocol"))
    assert transport(client).disconnecting


def test_a_line_too_long_ends_the_connection(asking: Asking, client: ControlConnection) -> None:
    """A client can make us keep no more than one line."""
    client.dataReceived(b"x" * MAX_OCTETS)
    assert asking.said(client) == b""
    client.dataReceived(b"x")
    assert asking.said(client) == encode(Failed("the request is too long"))
    assert transport(client).disconnecting


def test_a_client_that_asks_on_and_on_is_let_go(asking: Asking, client: ControlConnection) -> None:
    """Or the answers to one that never reads would fill our memory."""
    client.dataReceived(encode(Echo("x")) * (MAX_REQUESTS + 10))
    said = b"".join(asking.said(client) for _ in range(MAX_REQUESTS + 10))
    assert said == encode(Echo("x")) * MAX_REQUESTS
    assert transport(client).disconnecting
    asking.clock.advance(REQUEST_SECONDS)
    assert transport(client).disconnected


def test_a_client_that_does_not_finish_is_let_go(asking: Asking, client: ControlConnection) -> None:
    """It has ten seconds for each request."""
    client.dataReceived(b'{"type":"echo",')
    asking.clock.advance(REQUEST_SECONDS - 1)
    client.dataReceived(b'"text":""}\n')
    asking.said(client)
    asking.clock.advance(REQUEST_SECONDS - 1)
    assert not transport(client).disconnected
    asking.clock.advance(1)
    assert transport(client).disconnected


def test_an_answer_that_takes_long_is_waited_for(asking: Asking, client: ControlConnection) -> None:
    """The deadline is the client's, not ours."""
    client.dataReceived(encode(Later()))
    asking.clock.advance(REQUEST_SECONDS * 2)
    assert not transport(client).disconnected
    asking.later[0].resolve(Echo("here"))
    assert asking.said(client) == encode(Echo("here"))


def test_another_users_process_is_not_listened_to(asking: Asking) -> None:
    """Root is: it can do everything anyway."""
    stranger = asking.connect(uid=os.geteuid() + 1)
    assert stranger is not None
    assert transport(stranger).disconnected
    root = asking.connect(uid=0)
    assert root is not None
    assert not transport(root).disconnected


def test_one_connection_too_many_is_closed(asking: Asking) -> None:
    """What they cost is bounded; when one ends there is room again."""
    first, *_ = [asking.connect() for _ in range(MAX_CONNECTIONS)]
    assert asking.connect() is None
    assert first is not None
    first.connectionLost()
    assert asking.connect() is not None


def test_our_bug_is_told_without_its_text(
    asking: Asking, client: ControlConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the connection goes on."""
    client.dataReceived(encode(Broken()) + encode(Echo("next")))
    failed = encode(Failed("internal error; the server's diagnostics say more"))
    assert asking.said(client) + asking.said(client) == failed + encode(Echo("next"))


def test_a_client_that_left_changes_nothing(asking: Asking, client: ControlConnection) -> None:
    """What it asked for is done, and the answer thrown away."""
    client.dataReceived(encode(Later()))
    client.connected = 0
    client.connectionLost()
    asking.later[0].resolve(Echo("nobody"))
    assert transport(client).value() == b""
