"""Clocks that nobody sets: what lasts for a while lasts as long, whatever becomes of the date.

The date is for records, certificates and tokens, which others read.
"""

import time

from twisted.internet.base import ReactorBase


def lasting() -> float:
    """Seconds that pass while the machine sleeps as well: for blocks, sessions and links.

    They are the same in all processes of a machine.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def keep_deadlines(reactor: ReactorBase) -> None:
    """Let a reactor's deadlines keep to what passes, before the first one is set.

    Twisted takes the date: set forward, it would end every connection, set back, none.
    """
    reactor.seconds = time.monotonic
