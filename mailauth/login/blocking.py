"""Blocking of addresses after repeated failures, by the rules of Xeams.

More than `attempts` failures from one address block it until `minutes` after its *last* attempt.
A success, or that long without an attempt, clears the count. Times are seconds of the clock that
stamps the record.
"""

import ipaddress
from collections.abc import Callable, Iterable

import msgspec

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

IPV6_PREFIX = 64  # one subscriber has a whole /64


class _Count(msgspec.Struct):
    failures: int
    last_attempt: float


class Blocked(msgspec.Struct, frozen=True):
    """One blocked address: since its last attempt at this instant, until that one."""

    address: str
    failures: int
    last_attempt: float
    until: float


class Blocking:
    """The failure counts, by address."""

    def __init__(
        self,
        now: Callable[[], float],
        attempts: int = 5,
        minutes: float = 10,
        friendly: Iterable[IpNetwork] = (),
    ) -> None:
        self._now = now
        self._attempts = attempts
        self._seconds = minutes * 60
        self._friendly = tuple(friendly)
        self._counts: dict[str, _Count] = {}
        self._sweep_at = 1024

    def is_blocked(self, ip: str) -> bool:
        """Say whether the address is blocked now; a friend is not, whatever its /64 has done."""
        count = self._current(_block_of(ip)) if self._counts else None
        if count is None or count.failures <= self._attempts:
            return False
        return not self._is_friendly(ip)

    def failed(self, ip: str) -> None:
        """Count a failure, which is also its last attempt."""
        if self._is_friendly(ip):
            return
        block = _block_of(ip)
        count = self._current(block)
        if count is None:
            self._sweep()
            count = self._counts[block] = _Count(failures=0, last_attempt=0.0)
        count.failures += 1
        count.last_attempt = self._now()

    def attempted(self, ip: str) -> None:
        """Note an attempt of a blocked address: the block lasts longer."""
        count = self._current(_block_of(ip))
        if count is not None:
            count.last_attempt = self._now()

    def succeeded(self, ip: str) -> None:
        """Forget the address's failures."""
        if self._counts:
            self._counts.pop(_block_of(ip), None)

    def blocked(self) -> list[Blocked]:
        """List the blocked addresses (IPv6: the /64) in the order in which they came."""
        return [
            Blocked(block, count.failures, count.last_attempt, count.last_attempt + self._seconds)
            for block in list(self._counts)
            if (count := self._current(block)) is not None and count.failures > self._attempts
        ]

    def clear(self, ip: str | None = None) -> int:
        """Forget one address's failures, or everybody's; return how many addresses that were."""
        if ip is None:
            cleared = len(self._counts)
            self._counts.clear()
            return cleared
        return 0 if self._counts.pop(_block_of(ip), None) is None else 1

    def befriend(self, friendly: Iterable[IpNetwork]) -> None:
        """Replace the networks that are never blocked, and forget what they have on their count."""
        self._friendly = tuple(friendly)
        for block in [block for block in self._counts if self._is_friendly(block)]:
            del self._counts[block]

    def _is_friendly(self, block: str) -> bool:
        """Say whether a friendly network holds all of an address or block."""
        ours = ipaddress.ip_network(block)
        return any(
            ours.version == net.version
            and net.prefixlen <= ours.prefixlen
            and ours.network_address in net
            for net in self._friendly
        )

    def _current(self, block: str) -> _Count | None:
        count = self._counts.get(block)
        if count is not None and self._now() - count.last_attempt >= self._seconds:
            del self._counts[block]
            return None
        return count

    def _sweep(self) -> None:
        """Drop what has lapsed whenever the table has doubled: traffic bounds it."""
        if len(self._counts) >= self._sweep_at:
            for block in list(self._counts):
                self._current(block)
            self._sweep_at = max(1024, 2 * len(self._counts))


def _block_of(ip: str) -> str:
    if ":" not in ip or "/" in ip:
        return ip
    return str(ipaddress.ip_network((ip, IPV6_PREFIX), strict=False))
