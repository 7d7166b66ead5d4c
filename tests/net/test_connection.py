"""What a connection does with the effects of a core: order, waiting, bounds, bugs, leave-taking."""

from collections.abc import Callable, Iterator

import pytest

from mailauth.config import TlsMode
from mailauth.login.event import LoginEvent, Result
from mailauth.login.session import LoginSession
from mailauth.net.connection import MailConnection, SessionAndCore
from mailauth.net.interfaces import Application
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.wire.effects import Await, Close, Deadline, Effect, Stream, Write
from mailauth.wire.pending import Pending
from tests.net.conftest import Toys
from tests.support.memory_socket import FULL, MemorySocket
from tests.support.toy import ToyServer


@pytest.fixture
def wire(toys: Toys) -> MemorySocket:
    """A client that has read the greeting."""
    wire = toys.connect()
    assert wire.received == b"HELLO\r\n"
    wire.received.clear()
    return wire


def connect(toys: Toys, core: Callable[[LoginSession], ToyServer]) -> MemorySocket:
    """Connect to another core than the toys'."""

    def stand(listener: Listener, link: Link) -> Application:
        def speak(changed: Callable[[], None]) -> SessionAndCore:
            session = listener.session(link.client, link.hop)
            return SessionAndCore(session, core(session))

        return MailConnection(link, speak, toys.wheel, toys.clock)

    wire = toys.connect(toys.listener(stand=stand))
    wire.received.clear()
    return wire


def test_pipelined_commands_are_answered_in_their_order(wire: MemorySocket) -> None:
    wire.deliver(b"ECHO a\r\nLOGIN mary wrong\r\nECHO b\r\nLOGIN mary secret\r\nECHO c\r\n")
    assert wire.received == b"a\r\nNO\r\nb\r\nIN\r\nc\r\n"


def test_commands_wait_for_a_login_that_takes_time(toys: Toys, wire: MemorySocket) -> None:
    """DESIGN 7: they neither overtake it nor are lost, and no more is read."""
    toys.recorder.slow = True
    wire.deliver(b"LOGIN mary secret\r\nECHO a\r\n")
    assert wire.received == b""
    assert not wire.reading
    toys.recorder.release()
    assert wire.received == b""  # drained by the next event of the socket
    wire.drain()
    assert wire.received == b"IN\r\na\r\n"
    assert wire.reading


def test_thousands_of_results_at_once_do_not_exhaust_the_stack(toys: Toys) -> None:
    """An `Await` whose result is there already costs no frame of the stack."""
    there: Pending[int] = Pending()
    there.resolve(7)

    class Prompt(ToyServer):
        def _command(self, line: bytes) -> list[Effect]:
            return [Await(there, lambda value: [Write(b"%d\r\n" % value)])]

    wire = connect(toys, Prompt)
    wire.deliver(b"go\r\n" * 3000)
    assert wire.received == b"7\r\n" * 3000


def test_a_client_that_left_during_its_login_is_freed_afterwards(
    toys: Toys, wire: MemorySocket
) -> None:
    """What a login takes for its client (a maildrop) is given back after it was taken."""
    toys.recorder.slow = True
    wire.deliver(b"LOGIN mary secret\r\n")
    wire.reset()
    assert toys.cores[0].lives
    toys.recorder.release()
    assert not toys.cores[0].lives
    assert [event.result for event in toys.recorder.attempts] == [Result.SUCCESS]


def test_a_half_closed_client_is_answered(toys: Toys, wire: MemorySocket) -> None:
    """`printf … | nc` closes its side at once, and reads on."""
    toys.recorder.slow = True
    wire.deliver(b"ECHO a\r\nLOGIN mary secret\r\nECHO b\r\n")
    wire.half_close()
    assert not wire.lost
    toys.recorder.release()
    wire.drain()
    toys.pass_time(0)
    assert wire.received == b"a\r\nIN\r\nb\r\n"
    assert wire.lost


def test_half_closed_without_anything(toys: Toys, wire: MemorySocket) -> None:
    wire.half_close()
    toys.pass_time(0)
    assert wire.lost
    assert toys.reasons == ["no-attempt"]


def test_a_stream_is_pulled_as_the_client_reads(toys: Toys, wire: MemorySocket) -> None:
    """DESIGN 6.2; memory does not grow with the size of the answer."""
    pulled = 0

    def chunks() -> Iterator[bytes]:
        nonlocal pulled
        for _ in range(1000):
            pulled += 1
            yield b"x" * 10_000

    class Streaming(ToyServer):
        def _big(self, count: int) -> Iterator[bytes]:
            return chunks()

    wire = connect(toys, Streaming)
    wire.stalls = True
    wire.deliver(b"BIG 0\r\nECHO after\r\n")
    assert pulled < 20
    assert not wire.reading
    wire.stalls = False
    wire.drain()
    assert pulled == 1000
    assert wire.received == b"x" * 10_000_000 + b"END\r\nafter\r\n"
    assert wire.reading


def test_an_empty_chunk_lets_others_have_their_turn(toys: Toys) -> None:
    """How a core works at an answer for long without holding up everybody."""
    turns: list[int] = []

    def chunks() -> Iterator[bytes]:
        for turn in range(3):
            turns.append(turn)
            yield b""
        yield b"found\r\n"

    class Thinking(ToyServer):
        def _big(self, count: int) -> Iterator[bytes]:
            return chunks()

    wire = connect(toys, Thinking)
    wire.deliver(b"BIG 0\r\nECHO after\r\n")
    assert turns == [0]
    assert wire.received == b""
    assert not wire.reading
    toys.clock.advance(0)
    assert turns == [0, 1, 2]
    wire.drain()
    assert wire.received == b"found\r\nEND\r\nafter\r\n"


@pytest.mark.parametrize("chunk", [b"", b"x" * 2 * FULL])
def test_a_client_that_leaves_while_the_answer_is_made(toys: Toys, chunk: bytes) -> None:
    """The stream hears of it at once, whatever it waits for, so that it can undo what is half."""
    turns: list[int] = []
    kept = []  # so that it is not only freed

    def chunks() -> Iterator[bytes]:
        try:
            for turn in range(3):
                turns.append(turn)
                yield chunk
        finally:
            turns.append(-1)

    class Thinking(ToyServer):
        def _big(self, count: int) -> Iterator[bytes]:
            kept.append(chunks())
            return kept[0]

    wire = connect(toys, Thinking)
    wire.stalls = True
    wire.deliver(b"BIG 0\r\n")
    assert turns == [0]
    wire.reset()
    assert turns == [0, -1]
    toys.clock.advance(0)
    assert turns == [0, -1]


def test_a_client_that_floods_and_does_not_read_costs_bounded_memory(
    toys: Toys, wire: MemorySocket
) -> None:
    """DESIGN 8."""
    wire.stalls = True
    flood = b"ECHO " + b"x" * 200 + b"\r\n"
    for _ in range(10_000):
        wire.deliver(flood)
    assert len(wire._buffer) < 2 * FULL
    assert len(wire.unread) > 1_000_000  # that is the kernel's, and so is the client's trouble
    toys.pass_time(60)
    assert wire.lost
    assert toys.reasons == ["timeout: the client does not read"]


def test_a_flood_goes_on_when_the_client_reads(toys: Toys, wire: MemorySocket) -> None:
    wire.stalls = True
    for _ in range(2000):
        wire.deliver(b"ECHO " + b"x" * 200 + b"\r\n")
    wire.stalls = False
    wire.drain()
    while wire.unread:
        toys.clock.advance(0)
    toys.clock.advance(0)
    assert wire.received == (b"x" * 200 + b"\r\n") * 2000


def test_a_slow_reader_is_not_cut_off(toys: Toys, wire: MemorySocket) -> None:
    """The deadline begins anew with whatever the client takes."""
    wire.deliver(b"LOGIN mary secret\r\n")
    wire.stalls = True
    wire.deliver(b"BIG 20\r\n")
    rounds = 0
    while not wire.received.endswith(b"END\r\n"):
        rounds += 1
        toys.pass_time(40)
        assert not wire.lost
        wire.received += wire._buffer  # one buffer at a time
        wire._buffer.clear()
        if wire._producer_paused:
            wire._producer_paused = False
            wire._producer.resumeProducing()
    assert rounds > 5


def test_a_bug_is_our_fault_and_costs_one_connection(toys: Toys, wire: MemorySocket) -> None:
    """STYLE 11: its traceback is logged, its text never reaches a client."""
    other = toys.connect()
    wire.deliver(b"ECHO a\r\nBUG\r\nECHO b\r\n")
    assert wire.received == b"OUR FAULT\r\n"
    toys.pass_time(0)
    assert wire.lost
    other.deliver(b"ECHO still there\r\n")
    assert other.received == b"HELLO\r\nstill there\r\n"


def test_a_bug_after_a_login_began_is_an_unavailable_attempt(
    toys: Toys, wire: MemorySocket
) -> None:
    """DESIGN 2.2: our bug is `unavailable`."""
    wire.deliver(b"LOGIN mary wrong\r\nBUG\r\n")
    assert toys.recorder.attempts[-1].result is Result.UNAVAILABLE


def test_a_bug_on_top_of_a_bug(toys: Toys) -> None:
    class Worse(ToyServer):
        def failed(self) -> list[Effect]:
            raise RuntimeError("worse")

    wire = connect(toys, Worse)
    wire.deliver(b"BUG\r\n")
    toys.pass_time(0)
    assert wire.received == b""
    assert wire.lost


def test_a_bug_in_an_answer_that_is_under_way(toys: Toys) -> None:
    """Nothing sensible can be said in the middle of a message."""

    class Broken(ToyServer):
        def _big(self, count: int) -> Iterator[bytes]:
            yield b"x"
            raise RuntimeError("halfway")

    wire = connect(toys, Broken)
    wire.deliver(b"BIG 1\r\nECHO after\r\n")
    assert wire.lost
    assert b"after" not in wire.received


def test_a_bug_in_freeing(toys: Toys) -> None:
    class Sticky(ToyServer):
        def lost(self) -> None:
            raise RuntimeError("sticky")

    wire = connect(toys, Sticky)
    wire.reset()
    assert toys.wheel.holds == 0


def test_the_deadline_is_told_to_the_core(toys: Toys, wire: MemorySocket) -> None:
    toys.pass_time(58)
    assert not wire.lost
    toys.pass_time(2)
    assert wire.received == b"TIMEOUT\r\n"
    assert wire.lost
    assert toys.reasons == ["timeout"]


def test_a_drip_of_bytes_does_not_move_the_deadline(toys: Toys, wire: MemorySocket) -> None:
    for _ in range(70):
        wire.deliver(b"x")
        toys.clock.advance(1)
    assert wire.lost


def test_a_login_that_takes_long_is_not_the_clients_fault(toys: Toys, wire: MemorySocket) -> None:
    toys.recorder.slow = True
    wire.deliver(b"LOGIN mary secret\r\n")
    toys.pass_time(100)
    assert not wire.lost
    toys.recorder.release()
    wire.drain()
    assert wire.received == b"IN\r\n"


def test_a_deadline_of_the_handshake_is_the_links(toys: Toys, wire: MemorySocket) -> None:
    """The core must not speak in the middle of a handshake."""
    toys.pass_time(50)
    wire.deliver(b"STARTTLS\r\n")
    toys.pass_time(20)
    assert wire.received == b"GO\r\n"
    client = toys.tls(wire)
    wire.received.clear()
    client.shake_hands()
    toys.pass_time(58)
    assert client.read() == b""
    toys.pass_time(1)
    assert client.read() == b"TIMEOUT\r\n"


def test_stopping_takes_leave_of_everybody(toys: Toys) -> None:
    listener = toys.listener()
    idle, busy, streaming = (toys.connect(listener) for _ in range(3))
    toys.recorder.slow = True
    busy.deliver(b"LOGIN mary secret\r\n")
    streaming.stalls = True
    streaming.deliver(b"BIG 4\r\n")
    unfinished = toys.connect(toys.listener(TlsMode.IMPLICIT))
    listener.stop()
    toys.pass_time(0)
    assert idle.received == b"HELLO\r\nSTOPPING\r\n"
    assert idle.lost
    assert not busy.lost
    toys.recorder.release()
    busy.drain()
    toys.pass_time(0)
    assert busy.received == b"HELLO\r\nIN\r\nSTOPPING\r\n"
    assert busy.lost
    assert not streaming.lost
    listener.abort()
    assert streaming.lost
    assert not unfinished.lost


def test_news_reach_a_core_when_it_is_idle(toys: Toys) -> None:
    told: list[Callable[[], None]] = []

    def stand(listener: Listener, link: Link) -> Application:
        def speak(changed: Callable[[], None]) -> SessionAndCore:
            told.append(changed)
            session = listener.session(link.client, link.hop)
            return SessionAndCore(session, ToyServer(session))

        return MailConnection(link, speak, toys.wheel, toys.clock)

    wire = toys.connect(toys.listener(stand=stand))
    told[0]()
    told[0]()
    assert wire.received == b"HELLO\r\n"
    toys.clock.advance(0)
    wire.drain()
    assert wire.received == b"HELLO\r\nNEWS\r\n"
    toys.recorder.slow = True
    wire.deliver(b"LOGIN mary secret\r\n")
    told[0]()
    toys.clock.advance(0)
    wire.drain()
    assert wire.received == b"HELLO\r\nNEWS\r\n"
    toys.recorder.release()
    wire.drain()
    assert wire.received == b"HELLO\r\nNEWS\r\nIN\r\nNEWS\r\n"
    wire.reset()
    told[0]()
    toys.clock.advance(0)


def test_an_empty_stream_waits_until_the_client_has_read(toys: Toys) -> None:
    """How a core asks for room before it goes on."""

    class Careful(ToyServer):
        def receive(self, data: bytes) -> list[Effect]:
            return [Write(b"x" * 2 * FULL), Stream(iter(())), Write(b"then")] if data else []

    wire = connect(toys, Careful)
    wire.stalls = True
    wire.deliver(b"go\r\n")
    assert wire._buffer == b"x" * 2 * FULL
    wire.stalls = False
    wire.drain()
    assert wire.received == b"x" * 2 * FULL + b"then"


def test_what_stands_behind_close_is_not_sent(toys: Toys) -> None:
    class Chatty(ToyServer):
        def receive(self, data: bytes) -> list[Effect]:
            return [Write(b"bye"), Close(), Write(b"and"), Deadline(1)]

    wire = connect(toys, Chatty)
    wire.deliver(b"go\r\n")
    assert wire.received == b"bye"


def test_a_login_refused_for_want_of_a_record(toys: Toys, wire: MemorySocket) -> None:
    toys.recorder.failing = True
    wire.deliver(b"LOGIN mary secret\r\n")
    toys.recorder.failing = False
    wire.deliver(b"LOGIN mary secret\r\n")
    assert wire.received == b"NO\r\nIN\r\n"
    events: list[LoginEvent] = toys.logins
    assert len(events) == 1
