"""Sockets and clients in memory, for links that are tested with real TLS and an advanced clock."""

import contextlib
import socket
import ssl
from typing import Any, cast

import pytest
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProducer
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from mailauth.net.link import Link

FULL = 65_536  # octets that a transport of Twisted keeps before it pauses its producer


class MemorySocket:
    """The socket under a link, with the buffer and the flow control of Twisted's transports.

    What is written is `received` by the client, unless it `stalls`.
    """

    def __init__(self, clock: Clock) -> None:
        self.received = bytearray()
        self.stalls = False
        self.reading = True
        self.lost = False
        self.write_closed = False
        self.unread = b""  # in the kernel
        self._clock = clock
        self._link: Link
        self._buffer = bytearray()
        self._producer: Any = None
        self._producer_paused = False
        self._closing = False
        self._write_closing = False

    def connect(self, link: Link) -> None:
        self._link = link
        link.makeConnection(self)
        self.drain()

    # What the client does.

    def deliver(self, data: bytes) -> None:
        """Send one segment, which the link reads if it reads at all."""
        if self.lost:
            return
        if not self.reading:
            self.unread += data
            return
        self._link.dataReceived(data)
        self.drain()

    def half_close(self) -> None:
        assert IHalfCloseableProtocol.providedBy(self._link)
        self._link.readConnectionLost()
        self.drain()

    def reset(self) -> None:
        self._lose(ConnectionLost())

    def drain(self) -> None:
        """Take in what was written, as long as the client reads."""
        while not (self.stalls or self.lost):
            self.received += self._buffer
            self._buffer.clear()
            if self._producer is not None and self._producer_paused:
                self._producer_paused = False
                self._producer.resumeProducing()
                continue
            if self._closing:
                self._clock.callLater(0, self._lose, ConnectionDone())
            elif self._write_closing and not self.write_closed:
                self.write_closed = True
                self._link.writeConnectionLost()
            return

    # What the link does.

    def write(self, data: bytes) -> None:
        assert not self.write_closed
        self._buffer += data
        if self._producer is not None and len(self._buffer) > FULL:
            self._producer_paused = True
            self._producer.pauseProducing()

    def loseConnection(self) -> None:
        self.reading = False
        self._closing = True
        self.drain()

    def loseWriteConnection(self) -> None:
        self._write_closing = True
        self.drain()

    def abortConnection(self) -> None:
        self._lose(ConnectionAborted())

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = not self._closing
        if self.reading and self.unread:
            data, self.unread = self.unread, b""
            self._clock.callLater(0, self.deliver, data)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        assert streaming
        assert self._producer is None
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 2143)

    def getHandle(self) -> socket.socket:
        return cast(socket.socket, self)

    def recv(self, octets: int, flags: int) -> bytes:
        """Peek, as at a socket."""
        assert flags & socket.MSG_PEEK
        if not self.unread:
            raise BlockingIOError
        return self.unread[:octets]

    def _lose(self, why: Exception) -> None:
        if not self.lost:
            self.lost = True
            self._link.connectionLost(Failure(why))


class TlsClient:
    """The client's end of TLS over a memory socket."""

    def __init__(
        self, wire: MemorySocket, context: ssl.SSLContext, name: str = "localhost"
    ) -> None:
        self.wire = wire
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=name)

    def shake_hands(self, *, chunk: int = 1 << 20, and_refuse: bool = False) -> None:
        """Complete the handshake, in segments of `chunk` octets; raises what OpenSSL raises.

        With `and_refuse` an alert follows what ends it, in the same segment.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._exchange(chunk)
            except ssl.SSLError:
                self._exchange(chunk)
                raise
            else:
                if and_refuse:
                    self._find_a_bad_record()
                self._exchange(chunk)
                return

    def send(self, data: bytes) -> bytes:
        """Send, and return what has come."""
        self._tls.write(data)
        self._exchange()
        return self.read()

    def read(self) -> bytes:
        self._exchange()
        plaintext = b""
        try:
            while record := self._tls.read(16_384):
                plaintext += record
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            pass
        return plaintext

    def heard_close_notify(self) -> bool:
        """Whether the server has said that it sends nothing more."""
        self._exchange()
        try:
            return self._tls.read(1) == b""
        except ssl.SSLZeroReturnError:
            return True
        except ssl.SSLWantReadError:
            return False

    def close_notify(self) -> None:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        self._exchange()

    def send_an_alert(self) -> None:
        """Say that a record was no record (bad_record_mac)."""
        self._find_a_bad_record()
        self._exchange()

    def take_outgoing(self) -> bytes:
        """Return what would be sent, to be sent in another way."""
        return self._outgoing.read()

    def encrypt(self, data: bytes) -> None:
        self._tls.write(data)

    def _find_a_bad_record(self) -> None:
        self._incoming.write(b"\x17\x03\x03\x00\x20" + bytes(32))
        with pytest.raises(ssl.SSLError, match=r"(?i)bad.record.mac"):
            self._tls.read(1)

    def _exchange(self, chunk: int = 1 << 20) -> None:
        outgoing = self._outgoing.read()
        for start in range(0, len(outgoing), chunk):
            self.wire.deliver(outgoing[start : start + chunk])
        if self.wire.received:
            self._incoming.write(bytes(self.wire.received))
            self.wire.received.clear()
