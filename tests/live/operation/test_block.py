"""Blocking by Xeams' rules over real sockets, and `mailauth block` beside the running server."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.control import client
from mailauth.control.blocks import Blocks, ListBlocks
from mailauth.control.client import CannotAsk, ask
from mailauth.login.event import Kind
from mailauth.testing import RunningServer

CONFIG = """
[[user]]
name = "mary"
password = "one horse"
[[listener]]
name = "imap"
protocol = "imap"
port = 0
proxy_from = ["127.0.0.1"]
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """A server whose home has a path longer than a socket's may be."""
    home = tmp_path / ("h" * 120)
    home.mkdir()
    (home / "mailauth.toml").write_text(CONFIG)
    with RunningServer(home) as running:
        yield running


def log_in(server: RunningServer, address: str, password: str) -> bytes:
    """Log in from an address; return the reply."""
    family = "TCP6" if ":" in address else "TCP4"
    ours = "::1" if ":" in address else "127.0.0.1"
    with socket.create_connection(("127.0.0.1", server.port("imap")), 20) as client:
        client.sendall(f"PROXY {family} {address} {ours} 4711 143\r\n".encode())
        replies = client.makefile("rb")
        replies.readline()
        client.sendall(f'a LOGIN mary "{password}"\r\n'.encode())
        return replies.readline()


def block(server: RunningServer, address: str) -> None:
    """Fail six times."""
    for _ in range(6):
        assert log_in(server, address, "wrong").startswith(b"a NO [AUTHENTICATIONFAILED]")


def mailauth(*arguments: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "mailauth", *arguments], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_blocked_addresses_are_listed_and_cleared(server: RunningServer) -> None:
    """One address by its name, of IPv6 by any of its /64; the journal says so."""
    home = ["--home", str(server.home)]
    assert mailauth("block", "list", *home) == (0, "", "No address is blocked.\n")
    for address in ("198.51.100.7", "198.51.100.8", "2001:db8::7"):
        block(server, address)
    code, out, err = mailauth("block", "list", *home)
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        "198.51.100.7",
        "198.51.100.8",
        "2001:db8::/64",
    ]
    assert out.splitlines()[0].startswith("198.51.100.7  6 failures  until 2")
    assert mailauth("block", "clear", "198.51.100.7", *home) == (0, "198.51.100.7\n", "")
    assert mailauth("block", "clear", "2001:db8::99", *home) == (0, "2001:db8::/64\n", "")
    assert log_in(server, "198.51.100.7", "one horse").startswith(b"a OK")
    assert log_in(server, "2001:db8::7", "one horse").startswith(b"a OK")
    assert log_in(server, "198.51.100.8", "one horse").startswith(b"a NO")
    assert mailauth("block", "clear", "--all", *home) == (0, "198.51.100.8\n", "")
    assert log_in(server, "198.51.100.8", "one horse").startswith(b"a OK")
    unblocked = [(each.reason, each.ip) for each in server.events(Kind.ACCOUNT)]
    assert unblocked == [
        ("unblocked", "198.51.100.7"),
        ("unblocked", "2001:db8::"),
        ("unblocked", "198.51.100.8"),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["clear", "192.0.2.1"], 1, "error: 192.0.2.1 is not blocked\n"),
        (["clear", "mary"], 1, "error: expected an address, or a network such as"),
        (["clear"], 2, "error: give either one address or --all\n"),
        (["clear", "192.0.2.1", "--all"], 2, "error: give either one address or --all\n"),
    ],
)
def test_what_cannot_be_cleared_is_one_line(
    server: RunningServer, arguments: list[str], code: int, error: str
) -> None:
    """1: not done; 2: not asked rightly."""
    ended, out, err = mailauth("block", *arguments, "--home", str(server.home))
    assert (ended, out) == (code, "")
    assert err.startswith(error)
    assert err.count("\n") == 1


def test_without_a_server_there_is_one_line(server: RunningServer, tmp_path: Path) -> None:
    """Where none ever ran, where one has stopped, and where one was killed."""
    assert mailauth("block", "list", "--home", str(tmp_path)) == (
        1,
        "",
        f"error: no server is running on {tmp_path}\n",
    )
    socket_file = server.home / ".mailauth" / "control.sock"
    assert stat.S_IMODE(socket_file.stat().st_mode) == 0o600
    server.kill()
    assert socket_file.exists()
    gone = (1, "", f"error: no server is running on {server.home}\n")
    assert mailauth("block", "list", "--home", str(server.home)) == gone
    server.start()
    assert mailauth("block", "list", "--home", str(server.home))[0] == 0
    assert server.stop() == 0
    assert not socket_file.exists()
    assert mailauth("block", "list", "--home", str(server.home)) == gone


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_somebody_elses_process_hears_nothing(server: RunningServer) -> None:
    """Also where modes would let it: the kernel says whose it is."""
    state = server.home / ".mailauth"
    state.chmod(0o711)
    (state / "control.sock").chmod(0o666)
    stranger = os.fork()
    if stranger == 0:
        os.chdir(state)
        os.setresuid(65534, 65534, 65534)
        os._exit(len(_heard("control.sock")))
    assert os.waitstatus_to_exitcode(os.waitpid(stranger, 0)[1]) == 0
    assert ask(server.home, ListBlocks(), Blocks).blocked == []
    diagnostics = server.stderr_file.read_text()
    assert "a process of another user connected to the control socket" in diagnostics


def _heard(path: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(path)
        try:
            connection.sendall(b'{"type":"list-blocks"}\n')
            return connection.recv(100)
        except (ConnectionResetError, BrokenPipeError):
            return b""


def test_a_server_that_does_not_answer_is_one_line(tmp_path: Path) -> None:
    """A listener that closes, or says something else, is no server of ours."""
    state = tmp_path / ".mailauth"
    state.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(state / "control.sock"))
        listener.listen()
        stranger = os.fork()
        if stranger == 0:
            connection, _ = listener.accept()
            connection.recv(100)
            connection.sendall(b"\xff\n")
            os._exit(0)
        with pytest.raises(CannotAsk, match="could not be understood"):
            ask(tmp_path, ListBlocks(), Blocks)
        os.waitpid(stranger, 0)


def test_a_server_that_is_stopped_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel still takes the connection, and nobody answers."""
    monkeypatch.setattr(client, "PATIENCE", 0.5)
    with RunningServer(tmp_path) as server:
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(CannotAsk, match=f"the server on {tmp_path} does not answer"):
                ask(tmp_path, ListBlocks(), Blocks)
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
