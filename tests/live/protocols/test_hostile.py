"""What clients should not send to mail listeners: the proper error, and a server that is well."""

import imaplib
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack

import pytest

from mailauth.login.event import Result
from tests.live.support.raw_clients import BARE, Bare, Dialogue, begin
from tests.live.support.watching import Watched

MAIL = [bare for bare in BARE if bare.protocol != "HTTP" and not bare.implicit]
MEGABYTE = b"x" * (1 << 20)

AUTH = {"IMAP": b"a AUTHENTICATE PLAIN", "POP3": b"AUTH PLAIN", "SMTP": b"AUTH PLAIN"}
CONTINUES = {"IMAP": b"+", "POP3": b"+ ", "SMTP": b"334"}
MALFORMED = {"IMAP": b"a BAD", "POP3": b"-ERR", "SMTP": b"501"}
ERRORS = {"IMAP": (b"* BAD", b"* BYE"), "POP3": (b"-ERR",), "SMTP": (b"5", b"421")}


@pytest.fixture(params=MAIL, ids=str)
def bare(request: pytest.FixtureRequest) -> Bare:
    """A listener in the clear."""
    bare: Bare = request.param
    return bare


def connect(demo: Watched, bare: Bare) -> Dialogue:
    connection = socket.create_connection(("127.0.0.1", demo.port(bare.listener)), 20)
    client = begin(connection, bare, demo.server.trusting())
    if bare.before_starttls is not None:
        client.say(bare.before_starttls)
        client.hear(b"250 ")
    return client


def is_well(demo: Watched) -> None:
    """Others are served as ever."""
    with imaplib.IMAP4("127.0.0.1", demo.port("imap")) as client:
        client.login("mary@mydomain.com", "secret")


def test_a_cancelled_exchange(demo: Watched, bare: Bare) -> None:
    """RFC 4422 §3: `*` cancels."""
    client = connect(demo, bare)
    client.say(AUTH[bare.protocol])
    client.hear(CONTINUES[bare.protocol])
    client.say(b"*")
    client.hear(MALFORMED[bare.protocol])
    assert bare.log_in(client, b"secret")
    client.close()
    assert [event.result for event in demo.events()] == [Result.CANCELLED, Result.SUCCESS]


@pytest.mark.parametrize("response", [b"&&&&", b"AGJ", b"AG=JvYg", b"\xff\xfe", b"AGJv\0Yg=="])
def test_a_response_that_is_not_base64(demo: Watched, bare: Bare, response: bytes) -> None:
    """RFC 4954 §4, RFC 5034 §4, RFC 9051 §6.2.2."""
    client = connect(demo, bare)
    client.say(AUTH[bare.protocol])
    client.hear(CONTINUES[bare.protocol])
    client.say(response)
    client.hear(MALFORMED[bare.protocol], b"* BAD")
    client.close()
    assert [event.result for event in demo.events()] == [Result.MALFORMED]
    is_well(demo)


@pytest.mark.parametrize(
    "garbage", [b"\0" * 100, b"\xff\xfe\xfd" * 50, b"\x1b[2J\x07", b"{99999999999999999999}", b" "]
)
def test_garbage(demo: Watched, bare: Bare, garbage: bytes) -> None:
    """A line of nothing is an error, or silence where the protocol knows no other."""
    client = connect(demo, bare)
    client.say(garbage)
    client.hear(*ERRORS[bare.protocol])
    client.close()
    is_well(demo)


def test_a_line_of_ten_megabytes(demo: Watched, bare: Bare) -> None:
    """Its sender can read what was wrong with it."""
    client = connect(demo, bare)
    client.socket.sendall(MEGABYTE * 10 + b"\r\n")
    client.hear(*ERRORS[bare.protocol])
    client.close()
    is_well(demo)


def test_endless_bad_commands(demo: Watched, bare: Bare) -> None:
    """They end the connection."""
    client = connect(demo, bare)
    client.socket.sendall(b"\x01 nonsense\r\n" * 1000)
    assert len(client.rest()) < 100_000
    client.close()
    is_well(demo)


def test_ten_failures_end_the_connection(demo: Watched, bare: Bare) -> None:
    """DESIGN 2.6: after 10 failures on one connection."""
    client = connect(demo, bare)
    for _ in range(10):
        assert not bare.log_in(client, b"wrong")
    assert client.rest() != b"" or bare.protocol == "POP3"
    client.close()
    assert len(demo.events()) == 10
    is_well(demo)


def test_clients_that_vanish(demo: Watched, bare: Bare) -> None:
    """At any moment of a login."""
    for sent in (
        b"",
        b"a",
        AUTH[bare.protocol],
        AUTH[bare.protocol] + b"\r\n",
        b"a LOGIN x {5}\r\n",
    ):
        client = connect(demo, bare)
        client.socket.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0"
        )  # a reset, not a close
        client.socket.sendall(sent)
        client.close()
    is_well(demo)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_clients_that_change_their_keys_all_the_time(demo: Watched) -> None:
    """RFC 8446 §4.6.3 sets no limit."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{demo.port('imaps')}"]
    with ExitStack() as stack:
        clients = []
        for _ in range(12):
            client = stack.enter_context(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            )
            stack.callback(client.kill)
            clients.append(client)
        for client in clients:
            assert client.stdout is not None
            while not client.stdout.readline().startswith(b"* OK"):
                pass
        for _ in range(30):
            for client in clients:
                assert client.stdin is not None
                client.stdin.write(b"K\n")  # one key update, and it asks for ours
                client.stdin.flush()
            time.sleep(0.01)  # it reads one command at a time
        is_well(demo)
