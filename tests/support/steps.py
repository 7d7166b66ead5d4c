"""How much is done in one go, in calls and not in time, so that no machine is too slow for it."""

import sys
from types import FrameType

from mailauth.wire.work import Work

MAX_CALLS = 100_000  # in one go; they take some 20 ms


def longest_step(work: Work[object]) -> int:
    """The calls of functions, built in or not, in the step of a work that has the most of them."""
    steps = [0]

    def count(frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            steps[-1] += 1

    sys.setprofile(count)
    try:
        for _ in work:
            steps.append(0)  # noqa: PERF401
    finally:
        sys.setprofile(None)
    return max(steps)
