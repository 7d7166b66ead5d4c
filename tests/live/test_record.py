"""The record of a running server: killed, without room, rotated by others, on the disk."""

import imaplib
import poplib
import resource
import smtplib
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


def test_without_room_logins_are_refused_and_with_room_they_are_not(server: RunningServer) -> None:
    """The limit on the size of files is what a full disk is: writes are short, then fail."""
    assert log_in(server).startswith(b"a OK")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (700, hard))
    assert log_in(server).startswith(b"a NO [UNAVAILABLE]")
    pop3 = poplib.POP3("127.0.0.1", server.port("pop3"))
    pop3.user("bob")
    with pytest.raises(poplib.error_proto, match=r"-ERR \[SYS/TEMP\]"):
        pop3.pass_("b0b's")
    pop3.close()
    with (
        smtplib.SMTP("127.0.0.1", server.port("smtp")) as smtp,
        pytest.raises(smtplib.SMTPAuthenticationError, match=r"454"),
    ):
        smtp.login("bob", "b0b's", initial_response_ok=True)
    assert succeeded(server) == 1
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    assert log_in(server).startswith(b"a OK")
    assert succeeded(server) == 2
    told = server.stderr_file.read_text()
    assert told.count("Logins cannot be recorded") == 1
    assert told.count("Logins are recorded again") == 1


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


@pytest.mark.parametrize("server", ['rotate = "none"'], indirect=True)
def test_logs_that_others_move_and_truncate_lose_nothing(server: RunningServer) -> None:
    """Logrotate, both ways: moved away with SIGHUP, and copied then truncated."""
    logs = server.home / "logs"
    assert log_in(server).startswith(b"a OK")
    for path in list(logs.iterdir()):
        path.rename(path.with_name(f"{path.name}.1"))
    assert log_in(server).startswith(b"a OK")
    server.hang_up()
    while not (logs / "SuccessfulLogins.log").exists():
        assert log_in(server).startswith(b"a OK")
    for _ in range(3):
        assert log_in(server).startswith(b"a OK")
    moved = (logs / "SuccessfulLogins.log.1").read_text().splitlines()
    events = server.events()
    assert len(moved) >= 2
    assert [event.seq for event in events] == list(
        range(len(moved) + 1, len(moved) + 1 + succeeded(server))
    )
    (logs / "SuccessfulLogins.log").write_text("")
    (logs / "LoginAttempts.jsonl").write_text("")
    assert log_in(server).startswith(b"a OK")
    assert succeeded(server) == 1
    assert b"\0" not in (logs / "SuccessfulLogins.log").read_bytes()
