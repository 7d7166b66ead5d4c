"""The resources of a process with many clients: memory, descriptors, and the garbage collector.

The collector runs seldom, and looks only at new objects.
"""

import contextlib
import ctypes
import gc
import resource
import sys

_GIVE_WAY_SECONDS = 0.0005  # Python's defaults are ten times as many
# before a collection; most of what a connection needs is freed without one
_YOUNG_OBJECTS = 20_000

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE_OCTETS = 256 * 1024
_SPARE_OCTETS = 16 * 1024 * 1024


def give_back_large_blocks() -> None:
    """Return each large block to the system as soon as it is freed (mallopt(3)), where possible.

    By default, glibc eventually allocates even messages of many megabytes on its heap, which stays
    as large, in fragments, as a burst of clients has once made it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
        mallopt(_M_TRIM_THRESHOLD, _SPARE_OCTETS)


def take_all_descriptors() -> None:
    """Raise the limit of open files to the maximum (setrlimit(2)), also for workers.

    The usual 1024 is for programs that still use select(2); one client could use it up.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "infinity" and permits less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def freeze() -> None:
    """Exempt all present objects from garbage collection: scanning them would delay logins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    sys.setswitchinterval(_GIVE_WAY_SECONDS)


def unfreeze() -> None:
    """Undo this at the end, since DuckDB would complain on stderr about the objects that remain."""
    gc.unfreeze()
