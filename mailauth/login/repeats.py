"""What strangers repeat is counted and summed up, so that nobody can fill a disk with it.

The first `SINGLY` failed attempts of an address in a minute are recorded one by one. What goes
beyond them is counted, and recorded as one attempt with a `count` when the minute is over; so it
goes on until a minute has had no more than `SINGLY`. Connections that ended without an attempt are
counted apart in the same way. An address of IPv6 stands for its /64, as for blocking.

A sum says nothing that is not true of all that is in it: there is one for each listener and state
of TLS, and for connections for each reason. A password that was exposed is always recorded singly,
once for each account and listener in a minute; again, it goes into a sum of its own that names the
account. Successful logins are never counted here.

The table of addresses is bounded, and so are the records of all of them that are written singly.
Addresses that find the table full are summed up together, without their addresses.
"""

from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from mailauth.login.blocking import block_of
from mailauth.login.ended import Ended, cause_of
from mailauth.login.event import NO_CONNECTION, Attempt, ConnectionFacts, Kind, Result

SINGLY = 20  # of an address in a minute
MINUTE = 60.0  # seconds
ADDRESSES = 16_384  # that are told apart
IN_ALL = 10_000  # written singly in a minute, of all addresses together
AT_ONCE = 4_096  # minutes that are ended in one go
REASONS = 16  # of connections that an address is told in a minute, each on its listener

REPEATED = Ended.REPEATED.value  # the reason of a sum

_EVERYBODY = ""  # whom addresses count as that find the table full


class _Kind(msgspec.Struct, frozen=True):
    """What the attempts in one sum have in common."""

    connection: ConnectionFacts = NO_CONNECTION
    reason: str = REPEATED
    user: str | None = None  # whose password was exposed


class _Sum:
    """How many attempts of one kind there were that are still to be recorded."""

    __slots__ = ("count", "exposed", "ip", "peer")

    def __init__(self) -> None:
        self.count = 0
        self.exposed: bool | None = False
        self.ip: str | None = None
        self.peer: str | None = None


class _Window:
    """A minute of one address, of its attempts or of its connections."""

    __slots__ = ("attempts", "began", "summing", "sums")

    def __init__(self, began: float, *, summing: bool) -> None:
        self.began = began
        self.attempts = 0
        self.summing = summing  # from its first attempt on
        self.sums: dict[_Kind, _Sum] = {}


class _Whose(msgspec.Struct, frozen=True):
    kind: Kind
    block: str


class Repeats:
    """Decides which attempts are recorded singly, and keeps the sums of the others.

    `now` is a clock in seconds that nobody sets.
    """

    def __init__(
        self,
        now: Callable[[], float],
        *,
        singly: int = SINGLY,
        addresses: int = ADDRESSES,
        in_all: int = IN_ALL,
    ) -> None:
        self.unwritten = 0  # attempts that are counted and not recorded yet
        self.sparing = False  # whether everything is summed up, from the first attempt on
        self._now = now
        self._singly = singly
        self._addresses = addresses
        self._in_all = in_all
        self._windows: dict[_Whose, _Window] = {}  # in the order in which they began
        self._over: dict[Attempt, int] = {}  # sums that are due, without and with their counts
        self._minute = now()
        self._written = 0  # singly, in this minute

    def counts(self, attempt: Attempt) -> bool:
        """Say whether the attempt was counted; else it is to be recorded as it is."""
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
            if is_exposed:
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
        """Take sums of the minutes that are over, about so many at most; the others stay due."""
        now = self._now()
        for whose, window in list(islice(self._windows.items(), AT_ONCE)):
            if now - window.began < MINUTE:
                break
            if at_most is not None and len(self._over) >= at_most:
                break
            self._end(whose, window, now)
        return self._taken(at_most)

    def pending(self, at_most: int | None = None) -> list[Attempt]:
        """Take sums of minutes that are not over, so many at most: somebody asks, or all ends."""
        if self.unwritten:
            for whose, window in self._windows.items():
                if at_most is not None and len(self._over) >= at_most:
                    break
                self._keep(whose, window)
        return self._taken(at_most)

    def give_back(self, attempt: Attempt) -> None:
        """Keep a sum that could not be recorded; it is due with the others at its time."""
        self.unwritten += attempt.count
        self._add(attempt)

    def forget(self) -> None:
        """Begin anew with every address; what is counted stays so."""
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
        """End a minute; one that was full is followed by one that is summed from its beginning."""
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
        """Have a sum written; where that is not possible for long, many become one."""
        kind = msgspec.structs.replace(attempt, count=1)
        if kind not in self._over and len(self._over) >= self._addresses:
            together = msgspec.structs.replace(kind.connection, ip=None, peer=None)
            kind = msgspec.structs.replace(kind, connection=together)
        self._over[kind] = self._over.get(kind, 0) + attempt.count

    def _may_be_written(self) -> bool:
        """Count a record that is written singly; say no when there are too many, whosever."""
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
    )


def _take(kind: Kind, window: _Window) -> Iterator[Attempt]:
    """Take what a window has counted; the next sums of its minute begin at nought."""
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
            count=each.count,
        )
        each.count = 0
        each.exposed = False
