"""The exporter secrets of TLS 1.3 sessions, of which the ssl module tells in its key log alone.

The log is a file in memory, without a name by which another process could open it. It is emptied
after each step of a handshake, so that what stands there was made by that step: one thread takes
them all.
"""

import os
import re
import ssl
import weakref
from pathlib import Path

_OPEN_FILES = Path("/proc/self/fd")
_LONGEST = 4096  # octets; the secrets of one handshake take some 800
_EXPORTER_SECRET = re.compile(rb"^EXPORTER_SECRET [0-9a-f]+ ([0-9a-f]+)$", re.MULTILINE)


class KeyLog:
    """The key log of one context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._descriptor = os.memfd_create("mailauth key log", os.MFD_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)
        context.keylog_filename = str(_OPEN_FILES / str(self._descriptor))

    @staticmethod
    def is_possible() -> bool:
        """Whether the system has files in memory, and names for open files: Linux does."""
        return hasattr(os, "memfd_create") and _OPEN_FILES.is_dir()

    def take(self) -> bytes | None:
        """Return the exporter secret that was made since the last time, if any, and forget all."""
        logged = os.pread(self._descriptor, _LONGEST, 0)
        if not logged:
            return None
        os.ftruncate(self._descriptor, 0)
        found = _EXPORTER_SECRET.search(logged)
        return bytes.fromhex(found[1].decode("ascii")) if found else None
