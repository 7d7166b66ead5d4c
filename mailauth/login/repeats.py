"""Repeated failures are counted and recorded as sums, so that strangers cannot fill the disk.

The first `SINGLY` failed attempts of an address in a minute are recorded one by one. Further ones
are counted, and recorded as one attempt with a `count` when the minute is over. From then on all
attempts of the address are counted, until a minute has at most `SINGLY`. Connections that ended
without an attempt are counted separately in the same way. An IPv6 address counts as its /64, as for
blocking.

All attempts in a sum have the same facts: there is one sum for each listener and TLS state, and for
each reason of connections. A password that was exposed is always recorded singly, once for each
account and listener in a minute; repetitions have a sum that names the account. Successful logins
are never counted here.

The table of addresses is limited, and so is the number of single records of all addresses together.
If the table is full, further addresses share sums without an address.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from mailauth.login.blocking import block_of
from mailauth.login.ended import Ended, cause_of
from mailauth.login.event import NO_CONNECTION, Attempt, ConnectionFacts, Kind, Result

SINGLY = 20  # of an address in a minute
MINUTE = 60.0  # seconds
ADDRESSES = 16_384  # that are counted separately
IN_ALL = 10_000  # single records in a minute, of all addresses together
AT_ONCE = 4_096  # minutes that are ended in one call
REASONS = 16  # of connections of an address in a minute, for each listener

REPEATED = Ended.REPEATED.value  # the reason of a sum

_EVERYBODY = ""  # used for all addresses that do not fit into the table


class _Kind(msgspec.Struct, frozen=True):
    """What the attempts in one sum have in common."""

    connection: ConnectionFacts = NO_CONNECTION
    reason: str = REPEATED
    user: str | None = None  # whose password was exposed
    source: str | None = None  # of another server's logins


class _Sum:
    """The number of attempts of one kind that are still to be recorded."""

    __slots__ = ("count", "exposed", "ip", "peer")

    def __init__(self) -> None:
        self.count = 0
        self.exposed: bool | None = False
        self.ip: str | None = None
        self.peer: str | None = None


class _Window:
    """A minute of one address, for its attempts or its connections."""

    __slots__ = ("attempts", "began", "summing", "sums")

    def __init__(self, began: float, *, summing: bool) -> None:
        self.began = began
        self.attempts = 0
        self.summing = summing  # from the first attempt on
        self.sums: dict[_Kind, _Sum] = {}


class _Whose(msgspec.Struct, frozen=True):
    kind: Kind
    block: str


class Repeats:
    """Decides which attempts are recorded singly, and keeps the sums of the others.

    `now` is a monotonic clock in seconds.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        singly: int = SINGLY,
        addresses: int = ADDRESSES,
        in_all: int = IN_ALL,
    ) -> None:
        self.unwritten = 0  # attempts that are counted but not yet recorded
        self.sparing = False  # whether everything is counted, from the first attempt on
        self._now = now
        self._singly = singly
        self._addresses = addresses
        self._in_all = in_all
        self._windows: dict[_Whose, _Window] = {}  # in the order of their beginning
        self._over: dict[Attempt, int] = {}  # sums that are due, without and with their counts
        self._minute = now()
        self._written = 0  # singly, in this minute

    def counts(self, attempt: Attempt) -> bool:
        """Return whether the attempt was counted; otherwise it must be recorded singly."""
        ip = attempt.connection.ip
        if ip is None or attempt.result is Result.SUCCESS:
            return False
        if attempt.kind is not Kind.LOGIN and attempt.kind is not Kind.CONNECTION:
            return False
        whose, window = self._window(attempt.kind, ip)
        window.attempts += 1
        is_exposed = attempt.exposed is True
        is_single = not (window.summing or self.sparing) and window.attempts <= self._singly
        if is_single and self._may_be_written():
            if is_exposed:
                window.sums.setdefault(_kind_of(attempt), _Sum())
            return False
        kind = _kind_of(attempt)
        if kind not in window.sums:
            if attempt.source is not None and len(window.sums) >= REASONS:
                kind = _Kind(source=attempt.source)
            elif is_exposed:
                window.sums[kind] = _Sum()
                return False
            if attempt.kind is Kind.CONNECTION and len(window.sums) >= REASONS:
                kind = _Kind()
        added = window.sums.setdefault(kind, _Sum())
        added.count += 1
        if attempt.exposed is not False:
            added.exposed = attempt.exposed
        if whose.block != _EVERYBODY:
            added.ip, added.peer = ip, attempt.connection.peer
        self.unwritten += 1
        return True

    def due(self, at_most: int | None = None) -> list[Attempt]:
        """Return about `at_most` sums of minutes that are over; the others remain due."""
        now = self._now()
        for whose, window in list(islice(self._windows.items(), AT_ONCE)):
            if now - window.began < MINUTE:
                break
            if at_most is not None and len(self._over) >= at_most:
                break
            self._end(whose, window, now)
        return self._taken(at_most)

    def pending(self, at_most: int | None = None) -> list[Attempt]:
        """Return at most `at_most` sums of minutes that are not over yet."""
        if self.unwritten:
            for whose, window in self._windows.items():
                if at_most is not None and len(self._over) >= at_most:
                    break
                self._keep(whose, window)
        return self._taken(at_most)

    def give_back(self, attempt: Attempt) -> None:
        """Keep a sum that could not be recorded; it becomes due with the others."""
        self.unwritten += attempt.count
        self._add(attempt)

    def forget(self) -> None:
        """Forget what every address has done, but keep the counts."""
        for whose, window in self._windows.items():
            self._keep(whose, window)
        self._windows.clear()
        self._written = 0

    def _window(self, kind: Kind, ip: str) -> tuple[_Whose, _Window]:
        now = self._now()
        whose = _Whose(kind, block_of(ip))
        window = self._windows.get(whose)
        if window is not None and now - window.began >= MINUTE:
            window = self._end(whose, window, now)
        if window is None and len(self._windows) >= self._addresses:
            whose = _Whose(kind, _EVERYBODY)
            window = self._windows.get(whose)
            if window is not None and now - window.began >= MINUTE:
                window = self._end(whose, window, now)
        if window is None:
            window = self._windows[whose] = _Window(now, summing=whose.block == _EVERYBODY)
        return whose, window

    def _end(self, whose: _Whose, window: _Window, now: float) -> _Window | None:
        """End a minute; if it was full, the next one is counted from its beginning."""
        self._keep(whose, window)
        del self._windows[whose]
        if window.attempts <= self._singly or whose.block == _EVERYBODY:
            return None
        following = self._windows[whose] = _Window(now, summing=True)
        return following

    def _keep(self, whose: _Whose, window: _Window) -> None:
        for each in _take(whose.kind, window):
            self._add(each)

    def _add(self, attempt: Attempt) -> None:
        """Add a sum that is due; if too many wait, they are combined."""
        kind = msgspec.structs.replace(attempt, count=1)
        if kind not in self._over and len(self._over) >= self._addresses:
            together = msgspec.structs.replace(kind.connection, ip=None, peer=None)
            kind = msgspec.structs.replace(kind, connection=together)
        self._over[kind] = self._over.get(kind, 0) + attempt.count

    def _may_be_written(self) -> bool:
        """Count a single record; return false if there are too many, of all addresses together."""
        now = self._now()
        if now - self._minute >= MINUTE:
            self._minute, self._written = now, 0
        self._written += 1
        return self._written <= self._in_all

    def _taken(self, at_most: int | None) -> list[Attempt]:
        kinds = list(islice(self._over, at_most))
        taken = [msgspec.structs.replace(kind, count=self._over.pop(kind)) for kind in kinds]
        self.unwritten -= sum(each.count for each in taken)
        return taken


def _kind_of(attempt: Attempt) -> _Kind:
    reason = REPEATED
    if attempt.kind is Kind.CONNECTION:
        reason = (cause_of(attempt.reason) or Ended.REPEATED).value
    connection = attempt.connection
    return _Kind(
        connection=ConnectionFacts(
            protocol=connection.protocol,
            listener=connection.listener,
            local_port=connection.local_port,
            secure=connection.secure,
            security=connection.security,
        ),
        reason=reason,
        user=attempt.user if attempt.exposed else None,
        source=attempt.source,
    )


def _take(kind: Kind, window: _Window) -> Iterator[Attempt]:
    """Take the counts of a window; the next sums of its minute begin at zero."""
    for common, each in window.sums.items():
        if not each.count:
            continue
        yield Attempt(
            kind=kind,
            result=Result.BLOCKED if kind is Kind.LOGIN else None,
            reason=common.reason,
            connection=msgspec.structs.replace(common.connection, ip=each.ip, peer=each.peer),
            user=common.user,
            exposed=each.exposed if kind is Kind.LOGIN else None,
            source=common.source,
            count=each.count,
        )
        each.count = 0
        each.exposed = False
