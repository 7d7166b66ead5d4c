"""Clocks that nobody sets, so that a duration does not change with the date.

The date is used for records, certificates and tokens, which others read.
"""

import time

from twisted.internet.base import ReactorBase


def lasting() -> float:
    """Return monotonic seconds, including time asleep, for blocks, sessions and links.

    All processes of a machine have the same.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def keep_deadlines(reactor: ReactorBase) -> None:
    """Make a reactor's deadlines use a monotonic clock; call it before the first one is set.

    Twisted uses the date: set forward, it would end every connection; set back, none.
    """
    reactor.seconds = time.monotonic
