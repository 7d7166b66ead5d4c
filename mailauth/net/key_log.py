"""The exporter secrets of TLS 1.3 sessions, which the ssl module reveals only in its key log.

The log is a pipe to ourselves. It is emptied after each step of a handshake, so its contents belong
to that step, since one thread does them all. It is never a file, and never full, since a step logs
less than 2,000 octets.
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
            os.close(written)  # the context has its own descriptor

    @staticmethod
    def is_possible() -> bool:
        """Whether the system has file names for open files, as Linux does."""
        return _OPEN_FILES.is_dir()

    def take(self) -> bytes | None:
        """Return the exporter secret logged since the last call, if any, and empty the log."""
        try:
            logged = os.read(self._log, _PIPE_OCTETS)
        except BlockingIOError:
            return None
        found = _EXPORTER_SECRET.search(logged)
        return bytes.fromhex(found[1].decode("ascii")) if found else None
