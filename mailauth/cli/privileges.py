"""Whether the server has privileges that it does not need."""

import os
from pathlib import Path

AS_ROOT = (
    "The server is running as root with all privileges; run it as an ordinary user, which needs"
    " only CAP_NET_BIND_SERVICE for ports below 1024"
)


def is_almighty() -> bool:
    """Return whether we are root with all capabilities (capabilities(7))."""
    if os.geteuid() != 0:
        return False
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return True
    held = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
    return not held or bool(int(held[0], 16) & ~_BIND_SERVICE)


_BIND_SERVICE = 1 << 10  # CAP_NET_BIND_SERVICE
