"""Xeams' own rules of blocking, end to end: real sockets, PROXY addresses, an advanced clock."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.login.event import Result
from tests.live.protocols.test_proxy import CONFIGURATION, connect
from tests.live.support.clocked import ClockedServer
from tests.live.support.raw_clients import BARE, Bare, Dialogue, begin
from tests.live.support.watching import eventually

START = 1_595_952_722.759
TEN_MINUTES = 600.0
CLIENT, FRIEND = "198.51.100.7", "198.51.100.8"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClockedServer]:
    """A server behind proxies, with one friendly address; its loopback is none."""
    block = "\n[block]\nfriendly = []\n"
    (tmp_path / "mailauth.toml").write_text(
        f'timezone = "UTC"\n{CONFIGURATION}{block}'.replace("secret", "one-horse")
    )
    (tmp_path / "FriendlyIP.txt").write_text(f"# of the house\n{FRIEND}\n")
    with ClockedServer(tmp_path, START) as running:
        yield running


def log_in(server: ClockedServer, bare: Bare, password: bytes, address: str = CLIENT) -> bool:
    """Log in from an address by one of the nine listeners; say whether it succeeded."""
    family, ours = ("TCP6", "2001:db8::1") if ":" in address else ("TCP4", "192.0.2.1")
    header = f"PROXY {family} {address} {ours} 4711 143\r\n".encode()
    with connect(server, bare, header) as connection:
        client = begin(connection, bare, server.trusting())
        accepted = bare.log_in(client, password)
        client.close()
    return accepted


def fail(server: ClockedServer, times: int, address: str = CLIENT) -> None:
    """Fail, by one listener after the other: what counts is the address."""
    for _, bare in zip(range(times), itertools.cycle(BARE), strict=False):
        assert not log_in(server, bare, b"wrong", address)


def test_the_sixth_failure_blocks_until_ten_minutes_after_the_last_attempt(
    server: ClockedServer,
) -> None:
    """More than five failures; then the right password is refused, and leaves no line."""
    fail(server, 5)
    assert log_in(server, BARE[0], b"one-horse")
    fail(server, 6)
    server.advance(TEN_MINUTES - 1)
    for bare in BARE:  # blocked on every listener, and each attempt makes it longer
        assert not log_in(server, bare, b"one-horse")
        server.advance(TEN_MINUTES - 1)
    assert len(server.lines()) == 1
    results = [event.result for event in server.attempts()[12:]]
    assert results == [Result.BLOCKED] * len(BARE)
    server.advance(1)
    assert log_in(server, BARE[0], b"one-horse")
    late = START + (len(BARE) + 1) * (TEN_MINUTES - 1) + 1
    first, last = server.logins()
    assert round((last.time - first.time).total_seconds()) == round(late - START)
    fail(server, 5)
    assert log_in(server, BARE[0], b"one-horse")  # the count began anew


def test_who_stands_in_friendly_ip_is_never_blocked(server: ClockedServer) -> None:
    """The file is read again on SIGHUP, and then counts at once."""
    fail(server, 12, FRIEND)
    assert log_in(server, BARE[0], b"one-horse", FRIEND)
    fail(server, 6)
    assert not log_in(server, BARE[0], b"one-horse")
    (server.home / "FriendlyIP.txt").write_text("198.51.100.0/24\n")
    server.hang_up()
    eventually(lambda: "were reloaded" in server.stderr_file.read_text())
    assert log_in(server, BARE[0], b"one-horse")


def test_another_address_is_not_blocked_but_the_same_64_is(server: ClockedServer) -> None:
    """Of IPv6 a subscriber has a whole /64."""
    fail(server, 6, "2001:db8:1:2::7")
    assert not log_in(server, BARE[0], b"one-horse", "2001:db8:1:2:ffff::9")
    assert log_in(server, BARE[0], b"one-horse", "2001:db8:1:3::7")
    assert log_in(server, BARE[0], b"one-horse", CLIENT)


class Listening(Dialogue):
    """A dialogue that keeps what it has heard last."""

    heard = b""

    def hear(self, *starts: bytes) -> bytes:
        """Keep it."""
        self.heard = super().hear(*starts)
        return self.heard


def test_a_blocked_clients_right_password_reads_like_a_wrong_one(server: ClockedServer) -> None:
    """The refusal is the same, to the letter, on every listener."""
    for number, bare in enumerate(BARE):
        address = f"203.0.113.{number}"
        header = f"PROXY TCP4 {address} 192.0.2.1 4711 143\r\n".encode()
        said = []
        for password, is_blocked in ((b"wrong", False), (b"one-horse", True)):
            fail(server, 5 if is_blocked else 0, address)
            with connect(server, bare, header) as connection:
                client = Listening(begin(connection, bare, server.trusting()).socket)
                assert not bare.log_in(client, password)
                said.append(client.heard)
                client.close()
        assert server.attempts()[-1].result is Result.BLOCKED
        assert said[0] == said[1]
