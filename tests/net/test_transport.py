"""Clients' sockets on an epoll of our own: real sockets, a poller that is turned by hand."""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from typing import cast

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorFDSet,
    IReadDescriptor,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from mailauth.net import accepting, poller, transport
from mailauth.net.accepting import ListeningSocket
from mailauth.net.poller import Poller
from mailauth.net.transport import ClientSocket
from tests.net.conftest import Toys

pytestmark = pytest.mark.skipif(not poller.is_available, reason="there is no epoll here")

BIG = b"x" * (4 * 1024 * 1024)  # more than the kernel takes between two ends of a loopback


@implementer(IPushProducer)
class Server:
    """Keeps what it is told, and does with what it hears what a test wants."""

    def __init__(self) -> None:
        self.socket: ClientSocket
        self.heard = b""
        self.told: list[str] = []
        self.lost: type[BaseException] | None = None
        self.on_data: Callable[[bytes], None] = lambda data: None

    def makeConnection(self, transport: ClientSocket) -> None:
        self.socket = transport

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        self.on_data(data)

    def readConnectionLost(self) -> None:
        self.told.append("read")

    def writeConnectionLost(self) -> None:
        self.told.append("write")

    def connectionLost(self, reason: Failure) -> None:
        assert self.lost is None
        self.lost = cast(type[BaseException], reason.type)

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class Loop(Clock):
    """A reactor that turns when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.reader: IReadDescriptor | None = None

    def addReader(self, reader: IReadDescriptor) -> None:
        self.reader = reader

    def removeReader(self, reader: IReadDescriptor) -> None:
        self.reader = None


class Sockets:
    """A listening socket, and those who connect to it."""

    def __init__(self, opened: ExitStack) -> None:
        self._opened = opened
        self.loop = Loop()
        self.poller = Poller(cast(IReactorFDSet, self.loop), self.loop)
        opened.callback(self.poller.stop)
        self.servers: list[Server] = []
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        self.address = listening.getsockname()
        self.listening = ListeningSocket(listening, self._serve, self.poller)
        opened.callback(self.listening.stopListening)

    def connect(self) -> tuple[socket.socket, Server]:
        client = self._opened.enter_context(closing(socket.create_connection(self.address)))
        client.settimeout(5)
        self.turn()
        return client, self.servers[-1]

    def turn(self) -> None:
        """Let happen what is going to happen now."""
        for _ in range(3):
            self.poller.doRead()
            self.loop.advance(0)

    def turn_until(self, condition: Callable[[], bool]) -> None:
        for _ in range(10_000):
            if condition():
                return
            self.turn()
        raise AssertionError("it does not come to that")

    def _serve(self, host: str, port: int) -> Server:
        assert host == "127.0.0.1"
        self.servers.append(Server())
        return self.servers[-1]


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    with ExitStack() as opened:
        yield Sockets(opened)


def receive_all(client: socket.socket) -> bytes:
    received = b""
    while data := client.recv(1 << 20):
        received += data
    return received


def test_what_is_written_is_sent_at_once(sockets: Sockets) -> None:
    """No turn of the loop lies between a reply and its way to the client."""
    client, server = sockets.connect()
    server.socket.write(b"at once")
    assert client.recv(100) == b"at once"


def test_what_comes_is_told_and_answered_within_the_turn(sockets: Sockets) -> None:
    """A connection that is closed by its server ends as done."""
    client, server = sockets.connect()

    def answer(data: bytes) -> None:
        server.socket.write(data.upper())
        server.socket.loseConnection()
        assert server.lost is None, "nobody is told in the middle of a call"

    server.on_data = answer
    client.sendall(b"quit")
    sockets.turn()
    assert receive_all(client) == b"QUIT"
    assert server.lost is ConnectionDone


def test_the_last_word_comes_with_the_end(sockets: Sockets) -> None:
    """It is held back until then, and a client that polls sees both at once."""
    client, server = sockets.connect()
    client.setblocking(False)
    server.socket.write(b"first ")
    server.socket.write_last(b"and last")
    assert client.recv(100) == b"first "
    server.socket.loseConnection()
    sockets.turn()
    assert client.recv(100) == b"and last"
    assert client.recv(100) == b""


def test_the_last_word_comes_with_our_half_close(sockets: Sockets) -> None:
    client, server = sockets.connect()
    server.socket.write_last(b"last")
    server.socket.loseWriteConnection()
    assert receive_all(client) == b"last"


def test_closing_waits_until_all_is_sent(sockets: Sockets) -> None:
    """What the kernel does not take at once is sent as the client reads."""
    client, server = sockets.connect()
    server.socket.write(BIG)
    server.socket.write(b"last")
    server.socket.loseConnection()
    sockets.turn()
    assert server.lost is None
    received = bytearray()

    def read_some() -> bool:
        with suppress(BlockingIOError):
            received.extend(client.recv(1 << 20))
        return server.lost is not None

    client.setblocking(False)
    sockets.turn_until(read_some)
    client.setblocking(True)
    assert bytes(received) + receive_all(client) == BIG + b"last"
    assert server.lost is ConnectionDone


def test_a_producer_is_paused_while_the_client_does_not_read(sockets: Sockets) -> None:
    """It is paused once, resumed once all is sent, and stopped at the end."""
    client, server = sockets.connect()
    server.socket.registerProducer(server, streaming=True)
    server.socket.write(BIG)
    server.socket.write(BIG)
    assert server.told == ["pause"]
    client.setblocking(False)

    def read_some() -> bool:
        with suppress(BlockingIOError):
            client.recv(1 << 20)
        return "resume" in server.told

    sockets.turn_until(read_some)
    server.socket.loseConnection()
    sockets.turn()
    assert server.told == ["pause", "resume", "stop"]
    assert server.lost is ConnectionDone


def test_closing_does_not_wait_for_a_producer_that_has_nothing_to_send(sockets: Sockets) -> None:
    """A web server's channel is a producer all its life, and has no say in when it ends."""
    client, server = sockets.connect()
    server.socket.registerProducer(server, streaming=True)
    client.close()
    sockets.turn()
    server.socket.loseConnection()
    sockets.turn()
    assert server.told == ["read", "stop"]
    assert server.lost is ConnectionDone


def test_the_end_of_the_input_is_told_and_the_output_goes_on(sockets: Sockets) -> None:
    """A client that half-closes still hears its answers."""
    client, server = sockets.connect()
    client.sendall(b"last words")
    client.shutdown(socket.SHUT_WR)
    sockets.turn()
    assert (server.heard, server.told, server.lost) == (b"last words", ["read"], None)
    server.socket.resumeProducing()
    sockets.turn()
    assert server.told == ["read"], "the end comes once"
    server.socket.write(b"farewell")
    server.socket.loseConnection()
    sockets.turn()
    assert receive_all(client) == b"farewell"


def test_our_half_close_lets_the_client_go_on(sockets: Sockets) -> None:
    """The client sees the end of our output, and what it sends is still read."""
    client, server = sockets.connect()
    server.socket.write(b"last words")
    server.socket.loseWriteConnection()
    server.socket.write(b"too late")
    assert receive_all(client) == b"last words"
    client.sendall(b"but")
    sockets.turn()
    assert (server.heard, server.told) == (b"but", ["write"])
    server.socket.loseConnection()
    sockets.turn()
    assert server.lost is ConnectionDone


def test_nothing_is_read_while_reading_is_paused(sockets: Sockets) -> None:
    """What comes stays in the kernel; a paused client does not keep the poller busy."""
    client, server = sockets.connect()
    server.socket.pauseProducing()
    client.sendall(b"wait")
    sockets.turn()
    assert server.heard == b""
    assert sockets.poller._epoll.poll(0) == []
    server.socket.resumeProducing()
    sockets.turn()
    assert server.heard == b"wait"


def test_nothing_is_read_while_much_is_unsent(sockets: Sockets) -> None:
    """What answers may be TLS itself: who asks it without end, and reads nothing, fills no memory.

    A client that has read its answers is listened to again.
    """
    client, server = sockets.connect()
    server.on_data = lambda data: server.socket.write(BIG)
    client.sendall(b"first")
    sockets.turn()
    client.sendall(b"second")
    sockets.turn()
    assert server.heard == b"first"
    assert sockets.poller._epoll.poll(0) == [], "it does not keep the poller busy"
    server.on_data = lambda data: None
    client.setblocking(False)

    def read_some() -> bool:
        with suppress(BlockingIOError):
            client.recv(1 << 20)
        return server.heard == b"firstsecond"

    sockets.turn_until(read_some)


def test_input_is_passed_over_behind_our_last_word_however_much_is_unsent(
    sockets: Sockets,
) -> None:
    """A client that sends all it has before it reads gets to our answer."""
    client, server = sockets.connect()
    server.on_data = lambda data: server.socket.write(BIG)
    client.sendall(b"first")
    sockets.turn()
    client.sendall(b"second")
    sockets.turn()
    server.on_data = lambda data: None
    server.socket.loseWriteConnection()
    sockets.turn()
    assert server.heard == b"firstsecond"


def test_a_client_is_read_from_as_much_as_can_be_dealt_with_quickly(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dozen that pipeline commands must not keep everybody else waiting for a second."""
    client, server = sockets.connect()
    monkeypatch.setattr(transport, "perf_counter", sockets.loop.seconds)
    seconds_each = 1e-7  # what an octet takes
    portions: list[int] = []

    def take(data: bytes) -> None:
        portions.append(len(data))
        sockets.loop.advance(len(data) * seconds_each)

    server.on_data = take

    def send(octets: int) -> None:
        expected = sum(portions) + octets
        client.sendall(bytes(octets))
        sockets.turn_until(lambda: sum(portions) == expected)

    send(1_000_000)
    assert portions[0] == transport.FIRST_READ_OCTETS
    assert max(portions) * seconds_each <= 2 * transport.TURN_SECONDS
    assert max(portions[:20]) >= transport.TURN_SECONDS / seconds_each, (
        "what is quick is not held up"
    )
    seconds_each = 1e-5
    send(100_000)
    portions.clear()
    send(100_000)
    assert max(portions) == transport.LEAST_READ_OCTETS


def test_a_reset_is_told_even_while_reading_is_paused(sockets: Sockets) -> None:
    """A connection whose client has gone is let go of."""
    client, server = sockets.connect()
    server.socket.pauseProducing()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    sockets.turn()
    assert server.lost is ConnectionLost
    server.socket.write(b"nobody")
    server.socket.loseConnection()
    server.socket.abortConnection()


def test_aborting_resets_the_connection(sockets: Sockets) -> None:
    """The client is not told that all is well."""
    client, server = sockets.connect()
    server.socket.abortConnection()
    assert server.lost is None, "nobody is told in the middle of a call"
    sockets.turn()
    assert server.lost is ConnectionAborted
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_client_that_is_gone_when_it_is_written_to_is_lost(sockets: Sockets) -> None:
    """An error of a write ends the connection, and raises nothing."""
    client, server = sockets.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    server.socket.write(b"hello?")
    assert server.lost is None
    sockets.turn()
    assert server.lost is ConnectionLost


def test_a_bug_costs_its_connection_alone(sockets: Sockets) -> None:
    """Others of the same turn are served, and the listener goes on."""
    one, broken = sockets.connect()
    other, sound = sockets.connect()

    def fail(data: bytes) -> None:
        raise RuntimeError("a bug")

    broken.on_data = fail
    one.sendall(b"x")
    other.sendall(b"y")
    sockets.turn()
    assert (broken.lost, sound.heard, sound.lost) == (RuntimeError, b"y", None)
    sockets.connect()
    assert len(sockets.servers) == 3


def test_connections_wait_while_descriptors_are_short(
    sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listener does not spin, and accepts them when there is room again."""
    accept = socket.socket.accept

    def refuse(_: socket.socket) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(socket.socket, "accept", refuse)
    with closing(socket.create_connection(sockets.address)):
        sockets.turn()
        assert sockets.poller._epoll.poll(0) == []
        monkeypatch.setattr(socket.socket, "accept", accept)
        sockets.turn()
        assert sockets.servers == []
        sockets.loop.advance(accepting.PATIENCE_SECONDS)
        sockets.turn()
        assert len(sockets.servers) == 1


def test_nobody_is_accepted_behind_the_end_of_listening(sockets: Sockets) -> None:
    """Those who are connected stay so."""
    client, server = sockets.connect()
    sockets.listening.stopListening()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(sockets.address)
    client.sendall(b"still here")
    sockets.turn()
    assert server.heard == b"still here"


def test_twisteds_transports_serve_where_there_is_no_epoll(toys: Toys) -> None:
    """A listener is a factory of Twisted's, too."""
    link = toys.listener().buildProtocol(IPv4Address("TCP", "198.51.100.7", 4711))
    assert (link.client.ip, link.client.port) == ("198.51.100.7", 4711)
    assert IHalfCloseableProtocol.providedBy(link)
