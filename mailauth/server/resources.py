"""What a process that serves many clients asks of the system and of Python.

Memory, descriptors, and a collector of cycles that looks seldom, at new things only.
"""

import contextlib
import ctypes
import gc
import resource
import sys

_GIVE_WAY_SECONDS = 0.0005  # Python's own are ten times as many
# Before a collection: most of what a connection needs is gone by then without one.
_YOUNG_OBJECTS = 20_000

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE_OCTETS = 256 * 1024
_SPARE_OCTETS = 16 * 1024 * 1024


def give_back_large_blocks() -> None:
    """Have each large block go back as soon as it is freed (mallopt(3)), where that can be done.

    By itself glibc comes to take even messages of many megabytes from its heap, and what a crowd of
    clients has once needed stays there, in pieces.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
        mallopt(_M_TRIM_THRESHOLD, _SPARE_OCTETS)


def take_all_descriptors() -> None:
    """Raise the limit of open files as far as it may be (setrlimit(2)), workers' too.

    What is usual, 1024, is for programs that still use select(2), and one client could use it up.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "infinity" and permits less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def freeze() -> None:
    """Let what is here now stay: looking through it again and again would delay logins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    sys.setswitchinterval(_GIVE_WAY_SECONDS)


def unfreeze() -> None:
    """Let everything go at the end: DuckDB complains on stderr of what it finds kept."""
    gc.unfreeze()
