"""Blocking by the rules of Xeams (DESIGN 2.6), by an advanced clock."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from mailauth.login.blocking import COUNTS, Blocking, OwnCounts
from mailauth.server.workers.failures import SETS, SLOTS
from mailauth.testing.fakes import FakeClock

IP = "192.0.2.7"


@pytest.fixture
def clock() -> FakeClock:
    """A clock to advance."""
    return FakeClock()


@pytest.fixture
def blocking(clock: FakeClock) -> Blocking:
    """Xeams' numbers: five failures are forgiven, ten minutes."""
    return Blocking(now=clock)


def fail(blocking: Blocking, ip: str = IP, times: int = 6) -> None:
    for _ in range(times):
        blocking.failed(ip)


def test_the_sixth_failure_blocks(blocking: Blocking) -> None:
    fail(blocking, times=5)
    assert not blocking.is_blocked(IP)
    fail(blocking, times=1)
    assert blocking.is_blocked(IP)
    assert not blocking.is_blocked("192.0.2.8")


def test_a_block_ends_ten_minutes_after_the_last_attempt(
    blocking: Blocking, clock: FakeClock
) -> None:
    fail(blocking)
    clock.advance(599.9)
    assert blocking.is_blocked(IP)
    blocking.attempted(IP)
    clock.advance(599.9)
    assert blocking.is_blocked(IP)
    clock.advance(0.1)
    assert not blocking.is_blocked(IP)


def test_after_a_block_the_count_begins_anew(blocking: Blocking, clock: FakeClock) -> None:
    fail(blocking)
    clock.advance(600)
    fail(blocking, times=5)
    assert not blocking.is_blocked(IP)


def test_failures_that_are_far_apart_do_not_add_up(blocking: Blocking, clock: FakeClock) -> None:
    for _ in range(20):
        blocking.failed(IP)
        clock.advance(600)
    assert not blocking.is_blocked(IP)


def test_failures_less_than_ten_minutes_apart_add_up(blocking: Blocking, clock: FakeClock) -> None:
    for _ in range(6):
        clock.advance(599)
        blocking.failed(IP)
    assert blocking.is_blocked(IP)


def test_a_success_clears_the_count(blocking: Blocking) -> None:
    fail(blocking, times=5)
    blocking.succeeded(IP)
    fail(blocking, times=5)
    assert not blocking.is_blocked(IP)


def test_an_ipv6_subscriber_is_one_64(blocking: Blocking) -> None:
    """Whoever has an address has its whole /64."""
    for host in range(6):
        blocking.failed(f"2001:db8:1:2::{host:x}")
    assert blocking.is_blocked("2001:db8:1:2:ffff::1")
    assert not blocking.is_blocked("2001:db8:1:3::1")
    assert [blocked.address for blocked in blocking.blocked()] == ["2001:db8:1:2::/64"]


def test_friends_are_never_blocked(clock: FakeClock) -> None:
    friends = (ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("2001:db8::/32"))
    blocking = Blocking(now=clock, friendly=friends)
    for ip in ("127.0.0.1", "::1", "2001:db8:5::1"):
        fail(blocking, ip, times=20)
        assert not blocking.is_blocked(ip)
    fail(blocking)
    assert blocking.is_blocked(IP)


def test_a_new_friend_is_let_in_at_once(blocking: Blocking) -> None:
    """FriendlyIP.txt is read again on SIGHUP."""
    fail(blocking)
    fail(blocking, "2001:db8::1")
    blocking.befriend([ip_network("192.0.2.0/24"), ip_network("2001:db8::1/128")])
    assert not blocking.is_blocked(IP)
    assert not blocking.is_blocked("2001:db8::1")


def test_one_friend_in_a_64_does_not_free_the_others(blocking: Blocking) -> None:
    """The block is the /64's; what is friendly is one address of it."""
    blocking.befriend([ip_network("2001:db8::1/128")])
    fail(blocking, "2001:db8::2")
    assert blocking.is_blocked("2001:db8::2")
    assert not blocking.is_blocked("2001:db8::1")
    blocking.befriend([ip_network("2001:db8::1/128")])
    assert blocking.is_blocked("2001:db8::2")


def test_the_blocked_are_listed_with_their_times(blocking: Blocking, clock: FakeClock) -> None:
    fail(blocking, times=7)
    fail(blocking, "192.0.2.8", times=5)
    start = clock()
    clock.advance(10)
    blocking.attempted(IP)
    [blocked] = blocking.blocked()
    assert (blocked.address, blocked.failures) == (IP, 7)
    assert (blocked.last_attempt, blocked.until) == (start + 10, start + 610)
    clock.advance(600)
    assert blocking.blocked() == []


def test_a_block_is_cleared_by_address_or_altogether(blocking: Blocking) -> None:
    fail(blocking)
    fail(blocking, "2001:db8::1")
    assert blocking.clear("2001:db8::77") == 1
    assert not blocking.is_blocked("2001:db8::1")
    assert blocking.clear("192.0.2.99") == 0
    fail(blocking, "2001:db8::1")
    assert blocking.clear("2001:db8::/64") == 1
    assert blocking.clear() == 1
    assert blocking.blocked() == []


def test_a_flood_of_addresses_does_not_fill_the_memory(blocking: Blocking) -> None:
    """As many are kept as with workers, whether they have lapsed or not."""
    for number in range(COUNTS + 10_000):
        blocking.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert blocking.clear() == COUNTS == SETS * SLOTS


def test_the_address_that_has_been_quiet_for_longest_gives_way(clock: FakeClock) -> None:
    """One attempt of a blocked address is as good as a failure."""
    blocking = Blocking(clock, counts=OwnCounts(most=3))
    for ip in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        fail(blocking, ip)
    blocking.attempted("192.0.2.1")
    blocking.failed("192.0.2.4")
    assert [each.address for each in blocking.blocked()] == ["192.0.2.3", "192.0.2.1"]
    assert not blocking.is_blocked("192.0.2.2")
    assert blocking.clear() == 3


def test_no_address_of_a_flood_waits_for_a_sweep(clock: FakeClock) -> None:
    """The work for one does not depend on how many there are."""

    class Watched(OwnCounts):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("a sweep")

    blocking = Blocking(clock, counts=Watched(most=100))
    for number in range(10_000):
        clock.advance(60)
        blocking.failed(f"10.0.{number >> 8 & 255}.{number & 255}")
        blocking.attempted("10.0.0.1")


def test_other_numbers_can_be_configured(clock: FakeClock) -> None:
    blocking = Blocking(now=clock, attempts=1, minutes=0.5)
    fail(blocking, times=2)
    assert blocking.is_blocked(IP)
    clock.advance(30)
    assert not blocking.is_blocked(IP)


def test_a_block_lasts_as_long_whatever_becomes_of_the_date() -> None:
    """Set years ahead and back, the date would make a block end at once, or last for years."""
    passed, date = FakeClock(), FakeClock()
    blocking = Blocking(passed, date=date)
    date.advance(315_360_000)
    for _ in range(6):
        blocking.failed("10.0.0.1")
    date.advance(-315_360_000)
    assert blocking.is_blocked("10.0.0.1")
    [block] = blocking.blocked()
    assert (block.last_attempt, block.until) == (date(), date() + 600)
    passed.advance(599)
    assert blocking.is_blocked("10.0.0.1")
    passed.advance(1)
    assert not blocking.is_blocked("10.0.0.1")
