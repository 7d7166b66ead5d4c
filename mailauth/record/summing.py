"""The recorder of sessions, which counts what strangers repeat, and records sums."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from twisted.logger import Logger

from mailauth.login.accounts import Account
from mailauth.login.authority import Recorder
from mailauth.login.event import Attempt, Kind, LoginEvent, Result, event_of
from mailauth.login.exposure import ExposureChecks
from mailauth.login.repeats import Repeats
from mailauth.wire.pending import Pending

ASKED_SECONDS = 1.0  # seconds between sums that are written because of a request for records
ASKED_SUMS = 100  # at one request; the others are written at the end of their minute
DUE_SUMS = 250  # at once, so that no login waits for them; the others follow a second later

log = Logger()

# What a session is told about an attempt that is recorded later in a sum.
_COUNTED = event_of(
    Attempt(kind=Kind.LOGIN, count=0), seq=0, id="", at=datetime.fromtimestamp(0, UTC)
)


class SummingRecorder:
    """A `Recorder` in front of another one.

    Friendly addresses, which are never blocked, have every attempt recorded. `now` is the clock of
    `repeats`, and `call_later` calls a function after this many of its seconds. While disk space
    `is_scarce`, all failures of strangers are counted, and recorded when there is space again.
    """

    def __init__(
        self,
        recorder: Recorder,
        repeats: Repeats,
        is_friendly: Callable[[str], bool],
        *,
        now: Callable[[], float],
        call_later: Callable[[float, Callable[[], None]], object],
        is_scarce: Callable[[], bool] = lambda: False,
    ) -> None:
        self._recorder = recorder
        self._repeats = repeats
        self._is_friendly = is_friendly
        self._now = now
        self._call_later = call_later
        self._is_scarce = is_scarce
        self._asked = now() - ASKED_SECONDS  # when sums were last written for a request
        self._askers: list[Pending[None]] = []

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Record the attempt, now or in a sum."""
        ip = attempt.connection.ip
        if (
            ip is not None
            and (attempt.kind is Kind.CONNECTION or attempt.kind is Kind.LOGIN)
            and attempt.result is not Result.SUCCESS
            and not self._is_friendly(ip)
            and self._repeats.counts(attempt)
        ):
            return _COUNTED
        return self._recorder.record(attempt)

    def tick(self) -> None:
        """Write the sums of past minutes; called every second."""
        self._look()
        self._write(self._repeats.due(DUE_SUMS))

    def sums_written(self) -> Pending[None]:
        """Return when what has been counted is written, for a request for records."""
        written: Pending[None] = Pending()
        if not self._repeats.unwritten:
            written.resolve(None)
            return written
        self._askers.append(written)
        wait = self._asked + ASKED_SECONDS - self._now()
        if wait <= 0:
            self._tell()
        elif len(self._askers) == 1:
            self._call_later(wait, self._tell)
        return written

    def forget(self) -> None:
        """Forget what every address has done."""
        self._repeats.forget()

    def close(self) -> None:
        """Write every sum, with the last disk space if necessary, since the server stops."""
        self._repeats.sparing = False
        self._write(self._repeats.pending())
        self._tell()

    def _look(self) -> None:
        scarce = self._is_scarce()
        if scarce is self._repeats.sparing:
            return
        self._repeats.sparing = scarce
        if scarce:
            log.warn(
                "The disk of the logs is nearly full: failed logins of strangers are only counted"
                " until there is room, so that successful ones can be recorded"
            )
        else:
            log.warn("There is room for the logs again")

    def _tell(self) -> None:
        self._asked = self._now()
        self._write(self._repeats.pending(ASKED_SUMS))
        askers, self._askers = self._askers, []
        for each in askers:
            each.resolve(None)

    def _write(self, sums: Iterable[Attempt]) -> None:
        is_full = self._repeats.sparing  # if the disk is full, the others are not tried
        for each in sums:
            is_full = is_full or self._recorder.record(each) is None
            if is_full:
                self._repeats.give_back(each)


class ChecksAndSums:
    """`ExposureChecks` after which sums are written too, so that a reader sees everything."""

    def __init__(self, checks: ExposureChecks, sums_written: Callable[[], Pending[None]]) -> None:
        self._checks = checks
        self._sums_written = sums_written

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Start the check."""
        self._checks.check(account, password, found)

    def drained(self) -> Pending[None]:
        """Return when the open checks are finished and recorded, including sums."""
        drained: Pending[None] = Pending()
        self._checks.drained().listen(lambda _: self._sums_written().listen(drained.resolve))
        return drained
