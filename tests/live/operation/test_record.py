"""The record of a running server: killed, without room, rotated by others, on the disk."""

import imaplib
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mailauth.login.event import Kind, Result
from mailauth.record.line import printed_time
from mailauth.testing import RunningServer

CONFIG = """
[log]
{log}
[[user]]
name = "bob"
password = "b0b's"
[[listener]]
name = "imap"
protocol = "imap"
port = 0
[[listener]]
name = "pop3"
protocol = "pop3"
port = 0
[[listener]]
name = "smtp"
protocol = "smtp"
port = 0
"""


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """A server whose `[log]` is the fixture's parameter."""
    (tmp_path / "mailauth.toml").write_text(CONFIG.format(log=getattr(request, "param", "")))
    with RunningServer(tmp_path) as running:
        yield running


def log_in(server: RunningServer) -> bytes:
    """Log in as bob, and return the reply."""
    with closing(socket.create_connection(("127.0.0.1", server.port("imap")))) as client:
        replies = client.makefile("rb")
        replies.readline()
        client.sendall(b'a LOGIN bob "b0b\'s"\r\n')
        return replies.readline()


def succeeded(server: RunningServer) -> int:
    """Count the successes of the journal, which must agree with the lines."""
    successes = [each for each in server.events(Kind.LOGIN) if each.result is Result.SUCCESS]
    lines = server.lines()
    assert [printed_time(each.at) for each in successes] == [line[:23] for line in lines]
    return len(lines)


@pytest.mark.parametrize("server", ['durability = "disk"'], indirect=True)
def test_logins_wait_for_the_disk_and_are_answered_in_order(server: RunningServer) -> None:
    """Commands behind a login that waits are not answered before it, nor lost."""
    with closing(socket.create_connection(("127.0.0.1", server.port("imap")))) as client:
        replies = client.makefile("rb")
        replies.readline()
        client.sendall(b'a LOGIN bob wrong\r\nb LOGIN bob "b0b\'s"\r\nc NOOP\r\n')
        tags = [replies.readline().split(b" ", 2)[:2] for _ in range(3)]
    assert tags == [[b"a", b"NO"], [b"b", b"OK"], [b"c", b"OK"]]
    with imaplib.IMAP4("127.0.0.1", server.port("imap")) as other:
        other.login("bob", "b0b's")
    assert succeeded(server) == 2
    assert len(server.failures()) == 1
