"""How long it takes to write a record, which delays each login."""

from bisect import bisect_left
from time import perf_counter

import msgspec

from mailauth.login.authority import Recorder
from mailauth.login.event import Attempt, LoginEvent
from mailauth.wire.pending import Pending

BOUNDS = (0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)


def _no_counts() -> list[int]:
    return [0] * (len(BOUNDS) + 1)


class RecordTimes(msgspec.Struct):
    """A histogram of record times: counts up to each of `BOUNDS` in seconds, and above."""

    counts: list[int] = msgspec.field(default_factory=_no_counts)
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        """Count a record."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def __add__(self, other: "RecordTimes") -> "RecordTimes":
        counts = [one + another for one, another in zip(self.counts, other.counts, strict=True)]
        return RecordTimes(counts, self.seconds + other.seconds)


class TimedRecorder:
    """A recorder that measures how long each record takes."""

    def __init__(self, recorder: Recorder, times: RecordTimes) -> None:
        self._recorder = recorder
        self._times = times

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Record the attempt."""
        started = perf_counter()
        recorded = self._recorder.record(attempt)
        if isinstance(recorded, Pending):
            recorded.listen(lambda _: self._times.add(perf_counter() - started))
        else:
            self._times.add(perf_counter() - started)
        return recorded
