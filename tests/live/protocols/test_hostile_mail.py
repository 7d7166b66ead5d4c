"""Mail and clients that want too much: proper replies, bounded memory, others served as ever."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mailauth.testing import RunningServer
from tests.live.support.raw_clients import NAME, Dialogue
from tests.live.support.watching import eventually

CLIENTS = 25
BIG = 3_000_000  # octets of a message
DEEP = b".".join([b"1"] * 5_000)

NESTED = b"Subject: deep\r\n" + b"".join(
    b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(10_000)
)
MESSAGES = {
    "10,000 parts, each in another": NESTED,
    "10,000 parts side by side": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 10_000,
    "10,000 messages, each in another": b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
    "one boundary for all": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 10_000,
    "a field of 10 MB": b"Subject: " + b"x" * 10_000_000 + b"\r\n\r\nbody\r\n",
    "a million fields": b"X: y\r\n" * 1_000_000 + b"\r\nbody\r\n",
    "a million folded lines": b"Subject: a\r\n" + b" b\r\n" * 1_000_000 + b"\r\nbody\r\n",
    "a header without an end": b"Subject: a\r\n" * 100_000,
    "300,000 addresses": b"To: " + b"a@b.org, " * 300_000 + b"\r\n\r\nbody\r\n",
    "charsets that are none": b"Subject: =?x-none?b?AAAA?= =?utf-7?q?+AAA-?= =?idna?b?////?=\r\n"
    b'Content-Type: text/plain; charset="rot13"\r\nContent-Transfer-Encoding: base64\r\n\r\n////',
}
ITEMS = (
    b"BODYSTRUCTURE",
    b"BODY",
    b"ENVELOPE",
    b"BODY.PEEK[%b]" % DEEP,
    b"BODY.PEEK[1.MIME]",
    b"BODY.PEEK[HEADER.FIELDS (SUBJECT TO X)]",
    b"BINARY.SIZE[1]",
)

Log = Callable[[], Dialogue]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server for all tests, which says nothing on stderr."""
    with RunningServer(tmp_path_factory.mktemp("home")) as running:
        yield running
        assert running.stop() == 0
        assert running.stderr_file.read_text() == ""


@pytest.fixture
def log_in(server: RunningServer) -> Iterator[Log]:
    """Make IMAP clients that have logged in and opened INBOX, which is emptied in the end."""
    with ExitStack() as opened:

        def log_in() -> Dialogue:
            address = ("127.0.0.1", server.port("imap"))
            client = opened.enter_context(closing(Dialogue(socket.create_connection(address))))
            client.hear(b"* OK")
            client.say(b"l LOGIN %b secret\r\ns SELECT INBOX" % NAME)
            client.hear(b"s OK")
            return client

        yield log_in
        last = log_in()
        last.say(b"s STORE 1:* +FLAGS.SILENT (\\Deleted)\r\ne EXPUNGE")
        last.hear(b"e OK")


def memory(server: RunningServer, key: str = "VmRSS") -> float:
    """Megabytes of the server: now, or (VmHWM) at most since `begin`."""
    lines = Path(f"/proc/{server.ready.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) / 1024


def begin(server: RunningServer) -> float:
    """Let the highest use of memory be that of now (proc(5), clear_refs), and return it."""
    Path(f"/proc/{server.ready.pid}/clear_refs").write_text("5")
    return memory(server)


def grown(server: RunningServer, before: float) -> float:
    """How many megabytes more it had at most."""
    server.settled()
    return memory(server, "VmHWM") - before


def append(client: Dialogue, message: bytes) -> None:
    client.socket.sendall(b"a APPEND INBOX {%d+}\r\n%b\r\n" % (len(message), message))
    assert client.hear(b"a ").startswith(b"a OK")


@pytest.mark.parametrize("message", MESSAGES.values(), ids=list(MESSAGES))
def test_mail_that_is_hard_to_take_apart(
    server: RunningServer, log_in: Log, message: bytes
) -> None:
    """Whatever is asked of it is answered; RFC 9051 leaves nothing without an answer."""
    client = log_in()
    append(client, message)
    before = begin(server)
    for item in ITEMS:
        client.say(b"f FETCH * (%b)" % item)
        assert client.hear(b"f ").startswith(b"f OK"), item
    for key in (b"TEXT body", b"SUBJECT a", b"BODY zz", b"HEADER X y", b"TO b.org"):
        client.say(b"f SEARCH %b" % key)
        assert client.hear(b"f ").startswith(b"f OK"), key
    assert grown(server, before) < 60 + 4 * len(message) / 1_000_000


@pytest.mark.parametrize(
    ("sent", "replies"),
    [
        (b"a APPEND INBOX {1000000000}", [b"a NO [TOOBIG]"]),
        (b"a APPEND INBOX {1000000000+}", [b"a NO [TOOBIG]", b"* BYE"]),
        (b"a LOGIN {1000000000}", [b"a BAD"]),
        (b"a NOOP {1000000000+}", [b"a BAD", b"* BYE"]),
        (b"a APPEND INBOX {18446744073709551616}", [b"a BAD", b"* BYE"]),
    ],
)
def test_a_literal_of_a_gigabyte(
    server: RunningServer, log_in: Log, sent: bytes, replies: list[bytes]
) -> None:
    """RFC 9051 §4.3, RFC 7888 §4: what is announced and cannot be stopped ends the connection."""
    client = log_in()
    before = begin(server)
    client.say(sent)
    assert [client.hear(b"a ", b"* BYE").startswith(reply) for reply in replies]
    if b"* BYE" in replies:
        with pytest.raises(EOFError):
            client.hear(b"?")
    else:
        client.say(b"n NOOP")
        client.hear(b"n OK")
    assert grown(server, before) < 5


def test_a_message_too_big_that_comes_all_the_same(server: RunningServer, log_in: Log) -> None:
    """RFC 7888 §4: it is thrown away as it comes, and what follows is obeyed."""
    client = log_in()
    before = begin(server)
    client.say(b"a APPEND INBOX {50000000+}")
    for _ in range(50):
        client.socket.sendall(b"x" * 1_000_000)
    client.say(b"\r\nn NOOP")
    client.hear(b"a NO [TOOBIG]")
    client.hear(b"n OK")
    assert grown(server, before) < 5


@pytest.mark.parametrize(
    ("command", "times"),
    [
        (b"n NOOP\r\n", 30_000),
        (b"n FETCH 1:* (FLAGS)\r\n", 5_000),
        (b"n FETCH 1:* BODY.PEEK[]\r\n", 10_000),
        (b"n SEARCH TEXT hello\r\n", 5_000),
        (b'n LIST "" *\r\n', 5_000),
    ],
)
def test_thousands_of_commands_at_once(
    server: RunningServer, log_in: Log, command: bytes, times: int
) -> None:
    """Each has its answer, in order, as fast as they are taken."""
    client = log_in()
    before = begin(server)
    sender = threading.Thread(
        target=client.socket.sendall, args=(command * times + b"x LOGOUT\r\n",)
    )
    sender.start()
    said = client.rest()
    sender.join()
    assert said.count(b"\r\nn OK") + said.startswith(b"n OK") == times
    assert said.endswith(b"x OK LOGOUT completed\r\n")
    assert grown(server, before) < 5


@pytest.mark.parametrize(
    "command",
    [
        b"f FETCH 1:* BODY.PEEK[]\r\n",
        b"f FETCH 1:* (BODY.PEEK[TEXT]<1.2999000> BODY.PEEK[1] BINARY.PEEK[])\r\n",
        b"f FETCH 1:* (FLAGS ENVELOPE BODYSTRUCTURE)\r\n" * 1_000,
        b"n NOOP\r\n" * 4_000,
    ],
    ids=["messages", "parts", "structures", "nothing"],
)
def test_clients_that_never_read(server: RunningServer, log_in: Log, command: bytes) -> None:
    """What waits for each is a few buffers, whatever it asked for; nobody else waits."""
    first = log_in()
    for _ in range(5):
        append(first, b"Subject: big\r\n\r\n".ljust(BIG, b"x"))
    clients = [log_in() for _ in range(CLIENTS)]
    before = begin(server)
    for client in clients:
        client.socket.setblocking(False)
        client.socket.send(command)
    first.say(b"n NOOP")
    first.hear(b"n OK")
    assert grown(server, before) < CLIENTS * 0.5


def test_clients_that_send_mail_and_do_not_end_it(server: RunningServer, log_in: Log) -> None:
    """All messages on their way have a bound together; it is given back when they are gone.

    RFC 5530 §3: UNAVAILABLE.
    """
    clients = [log_in() for _ in range(6)]
    before = begin(server)
    replies = []
    for client in clients:
        client.say(b"a APPEND INBOX {30000000+}")
        client.socket.sendall(b"x" * 29_000_000)
        server.settled()
    assert grown(server, before) < 240
    for client in clients:
        client.socket.sendall(b"x" * 1_000_000 + b"\r\n")
        replies.append(client.hear(b"a ")[:8])
    assert set(replies) == {b"a OK [AP", b"a NO [UN"}
    for client in clients:
        client.say(b"b APPEND INBOX {30000000+}")
        client.socket.sendall(b"x" * 10_000_000)
        client.close()
    client = log_in()
    append(client, b"Subject: fits again\r\n\r\n".ljust(20_000_000, b"x"))
    client.say(b"c STORE 1:* +FLAGS.SILENT (\\Deleted)\r\nd EXPUNGE")
    client.hear(b"d OK")
    eventually(lambda: memory(server) < before + 40)


def test_smtp_clients_that_send_mail_and_do_not_end_it(server: RunningServer) -> None:
    """RFC 5321 §4.2.3: 452."""
    clients = []
    before = begin(server)
    for _ in range(6):
        client = Dialogue(socket.create_connection(("127.0.0.1", server.port("smtp"))))
        client.say(b"EHLO client.example\r\nMAIL FROM:<a@b.org>\r\nRCPT TO:<%b>\r\nDATA" % NAME)
        client.hear(b"354")
        client.socket.sendall((b"x" * 998 + b"\r\n") * 29_000)
        server.settled()
        clients.append(client)
    assert grown(server, before) < 240
    replies = []
    for client in clients:
        client.say(b".")
        replies.append(client.hear(b"2", b"4", b"5")[:9])
        client.close()
    assert replies.count(b"250 2.0.0") >= 4
    assert replies.count(b"452 4.3.1") >= 1
