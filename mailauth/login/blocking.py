"""Blocking of addresses after repeated failures, by the rules of Xeams.

More than `attempts` failures from one address block it until `minutes` after its *last* attempt. A
success, or that long without an attempt, clears the count. Blocks last by a monotonic clock; they
are shown as dates.
"""

import ipaddress
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import AbstractContextManager
from typing import Self

import msgspec

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_PREFIX = 64  # one subscriber has a whole /64
COUNTS = 65_536  # the maximum number of blocks


class Count(msgspec.Struct, frozen=True):
    """The failures of one address."""

    failures: int
    last_attempt: float


class Counts(MutableMapping[str, Count], AbstractContextManager["Counts", None]):
    """The counts by block: an IPv4 address or an IPv6 /64.

    Inside the context, no other process can change a count between reading and writing it.
    """

    @abstractmethod
    def __enter__(self) -> Self: ...


class OwnCounts(OrderedDict[str, Count], Counts):
    """The counts of a server with one process, at most `most` of them.

    If it is full, the block without an attempt for the longest time is removed, so a flood of
    addresses costs no more than the table, and never a sweep of it.
    """

    def __init__(self, most: int = COUNTS) -> None:
        super().__init__()
        self._most = most

    def __setitem__(self, block: str, count: Count) -> None:
        super().__setitem__(block, count)
        self.move_to_end(block)
        if len(self) > self._most:
            self.popitem(last=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Do nothing, since there are no other processes."""


class Blocked(msgspec.Struct, frozen=True):
    """One blocked address, the instant of its last attempt, and when the block ends."""

    address: str
    failures: int
    last_attempt: float
    until: float


class Blocking:
    """Decides who is blocked, by `counts`, which workers share.

    Blocks last by the clock `now`, which need not be the date, so that a wrong date cannot make a
    block last for years. `date` returns the date; by default it is `now`.
    """

    def __init__(
        self,
        now: Callable[[], float],
        attempts: int = 5,
        minutes: float = 10,
        friendly: Iterable[IpNetwork] = (),
        counts: Counts | None = None,
        *,
        date: Callable[[], float] | None = None,
    ) -> None:
        self._now = now
        self._date = date if date is not None else now
        self._attempts = attempts
        self._seconds = minutes * 60
        self._friendly = tuple(friendly)
        self._counts = counts if counts is not None else OwnCounts()

    def is_blocked(self, ip: str) -> bool:
        """Return whether the address is blocked now; a friendly one is not, even if its /64 is."""
        count = self._current(block_of(ip)) if self._counts else None
        if count is None or count.failures <= self._attempts:
            return False
        return not self.is_friendly(ip)

    def is_friendly(self, block: str) -> bool:
        """Return whether all of an address or block is in a friendly network."""
        ours = ipaddress.ip_network(block)
        return any(
            ours.version == net.version
            and net.prefixlen <= ours.prefixlen
            and ours.network_address in net
            for net in self._friendly
        )

    def failed(self, ip: str) -> None:
        """Count a failure, which is also the last attempt."""
        if self.is_friendly(ip):
            return
        block = block_of(ip)
        with self._counts:
            count = self._current(block)
            before = count.failures if count is not None else 0
            self._counts[block] = Count(before + 1, self._now())

    def attempted(self, ip: str) -> None:
        """Note an attempt of a blocked address, which extends the block."""
        block = block_of(ip)
        with self._counts:
            count = self._current(block)
            if count is not None:
                self._counts[block] = Count(count.failures, self._now())

    def succeeded(self, ip: str) -> None:
        """Forget the address's failures."""
        if self._counts:
            self._forget([block_of(ip)])

    def blocked(self) -> list[Blocked]:
        """Return the blocked addresses (IPv6: the /64) in the order of their last attempts."""
        now = self._now()
        epoch = self._date() - now
        blocked = [
            Blocked(
                block,
                count.failures,
                epoch + count.last_attempt,
                epoch + count.last_attempt + self._seconds,
            )
            for block in list(self._counts)
            if (count := self._counts.get(block)) is not None
            and count.failures > self._attempts
            and now - count.last_attempt < self._seconds
        ]
        return sorted(blocked, key=lambda each: each.last_attempt)

    def clear(self, ip: str | None = None) -> int:
        """Forget one address's failures, or all; return how many addresses that were."""
        return self._forget(list(self._counts) if ip is None else [block_of(ip)])

    def block_of(self, ip: str) -> Blocked | None:
        """Return the block of this address (IPv6: its /64), if it is blocked."""
        block = block_of(ip)
        return next((blocked for blocked in self.blocked() if blocked.address == block), None)

    def befriend(self, friendly: Iterable[IpNetwork]) -> None:
        """Replace the networks that are never blocked, and forget their failures."""
        self._friendly = tuple(friendly)
        self._forget([block for block in self._counts if self.is_friendly(block)])

    def _current(self, block: str) -> Count | None:
        count = self._counts.get(block)
        if count is not None and self._now() - count.last_attempt >= self._seconds:
            return None
        return count

    def _forget(self, blocks: Iterable[str]) -> int:
        known = [block for block in blocks if block in self._counts]
        if not known:
            return 0
        with self._counts:
            return sum(1 for block in known if self._counts.pop(block, None) is not None)


def block_of(ip: str) -> str:
    """Return the block of an address: itself, or its IPv6 /64."""
    if ":" not in ip or "/" in ip:
        return ip
    return str(ipaddress.ip_network((ip, IPV6_PREFIX), strict=False))
