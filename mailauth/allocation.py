"""How the C library gives memory back to the system (mallopt(3))."""

import ctypes

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE_OCTETS = 256 * 1024
_SPARE_OCTETS = 16 * 1024 * 1024


def give_back_large_blocks() -> None:
    """Have each large block go back as soon as it is freed, where the C library can do so.

    By itself glibc comes to take even messages of many megabytes from its heap, and what a crowd of
    clients has once needed stays there, in pieces.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_OCTETS)
        mallopt(_M_TRIM_THRESHOLD, _SPARE_OCTETS)
