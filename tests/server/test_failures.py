"""The failures of each address, counted by several processes in one table."""

import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from mailauth.login.blocking import Blocking, Count
from mailauth.server.workers.failures import SETS, SLOTS, SharedCounts
from mailauth.testing import FakeClock

IP = "192.0.2.7"


@pytest.fixture
def counts(tmp_path: Path) -> Iterator[SharedCounts]:
    """An empty table."""
    table = SharedCounts.create(tmp_path / "failures.lock")
    yield table
    table.close()


@pytest.fixture
def others(counts: SharedCounts, tmp_path: Path) -> Iterator[SharedCounts]:
    """The same table, as another process has it."""
    table = SharedCounts(os.dup(counts.descriptor), tmp_path / "failures.lock")
    yield table
    table.close()


def test_it_is_a_mapping(counts: SharedCounts, others: SharedCounts) -> None:
    assert not counts
    counts[IP] = Count(1, 1000.25)
    counts["2001:db8:1:2::/64"] = Count(7, 2000.0)
    counts["::/64"] = Count(1, 0.0)
    counts[IP] = Count(2, 1000.5)
    assert dict(others) == {
        IP: Count(2, 1000.5),
        "2001:db8:1:2::/64": Count(7, 2000.0),
        "::/64": Count(1, 0.0),
    }
    assert len(others) == 3
    del others[IP]
    assert IP not in counts
    assert len(counts) == 2
    with pytest.raises(KeyError):
        del counts[IP]
    for none in ("", "x", "10.0.0.0/8", "2001:db8::1", "::/128"):
        assert none not in counts


def test_processes_block_as_one(counts: SharedCounts, others: SharedCounts) -> None:
    clock = FakeClock()
    one, other = Blocking(clock, counts=counts), Blocking(clock, counts=others)
    for blocking in (one, other, one, other, one):
        assert not blocking.is_blocked(IP)
        blocking.failed(IP)
    assert not one.is_blocked(IP)
    other.failed(IP)
    assert one.is_blocked(IP)
    clock.advance(599)
    one.attempted(IP)
    clock.advance(599)
    assert other.is_blocked(IP)
    assert [blocked.failures for blocked in other.blocked()] == [6]
    assert other.clear() == 1
    assert not one.is_blocked(IP)


def test_a_success_and_a_friend_are_everybodys(counts: SharedCounts, others: SharedCounts) -> None:
    clock = FakeClock()
    one, other = Blocking(clock, counts=counts), Blocking(clock, counts=others)
    for _ in range(6):
        one.failed(IP)
        one.failed("192.0.2.8")
    other.succeeded(IP)
    assert not one.is_blocked(IP)
    other.befriend([ip_network("192.0.2.8/32")])
    assert not one.is_blocked("192.0.2.8")


def test_in_a_full_set_the_one_gives_way_that_has_been_quiet_for_longest(
    counts: SharedCounts,
) -> None:
    first = counts._slots(*(0, 0xFFFF_C000_0207))
    same: list[str] = []
    for number in range(1 << 24):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        if counts._slots(0, 0xFFFF_0A00_0000 | number) == first:
            same.append(address)
            if len(same) == SLOTS + 1:
                break
    for time, address in enumerate(same[:SLOTS]):
        counts[address] = Count(6, float(time))
    counts[same[0]] = Count(6, 100.0)
    counts[same[SLOTS]] = Count(1, 101.0)
    assert same[1] not in counts
    assert all(address in counts for address in (same[0], *same[2:]))
    assert len(counts) == SLOTS


def test_a_flood_takes_no_more_than_the_table(counts: SharedCounts) -> None:
    blocking = Blocking(FakeClock(), counts=counts)
    for number in range(20_000):
        blocking.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert 19_000 < len(counts) <= SETS * SLOTS
    assert len(list(counts)) == len(counts)


COUNTER = """
import os, sys
from pathlib import Path
from mailauth.login.blocking import Blocking
from mailauth.server.workers.failures import SharedCounts
counts = SharedCounts(int(sys.argv[1]), Path(sys.argv[2]))
blocking = Blocking(lambda: 1000.0, counts=counts)
print(flush=True)
sys.stdin.readline()
for number in range(2000):
    blocking.failed(f"192.0.2.{number % 8}")
"""


def test_no_failure_is_lost_between_processes(counts: SharedCounts, tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", COUNTER),
                *(str(counts.descriptor), str(tmp_path / "failures.lock")),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[counts.descriptor],
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        process.communicate(b"\n")
        assert process.returncode == 0
    assert {block: count.failures for block, count in counts.items()} == {
        f"192.0.2.{number}": 750 for number in range(8)
    }
