"""The exporter secrets of TLS 1.3 sessions, of which the ssl module tells in its key log alone.

The log is a pipe to ourselves, emptied after each step of a handshake: what stands in it was made
by that step, for one thread takes them all. It is never a file, and never full: a step logs less
than 2,000 octets.
"""

import os
import re
import ssl
import weakref
from pathlib import Path

_OPEN_FILES = Path("/proc/self/fd")
_PIPE_OCTETS = 65_536
_EXPORTER_SECRET = re.compile(rb"^EXPORTER_SECRET [0-9a-f]+ ([0-9a-f]+)$", re.MULTILINE)


class KeyLog:
    """The key log of one context."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._log, written = os.pipe()
        weakref.finalize(self, os.close, self._log)
        os.set_blocking(self._log, False)
        try:
            context.keylog_filename = str(_OPEN_FILES / str(written))
        finally:
            os.close(written)  # the context has opened it for itself

    @staticmethod
    def is_possible() -> bool:
        """Whether the system has names for open files: Linux does."""
        return _OPEN_FILES.is_dir()

    def take(self) -> bytes | None:
        """Return the exporter secret that was made since the last time, if any, and forget all."""
        try:
            logged = os.read(self._log, _PIPE_OCTETS)
        except BlockingIOError:
            return None
        found = _EXPORTER_SECRET.search(logged)
        return bytes.fromhex(found[1].decode("ascii")) if found else None
