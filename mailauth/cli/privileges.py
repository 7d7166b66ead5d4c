"""Whether the server has rights that it does not need."""

import os
from pathlib import Path

AS_ROOT = (
    "Running as root, with every right there is on this machine: run it as an ordinary user,"
    " who needs only CAP_NET_BIND_SERVICE for ports below 1024"
)


def is_almighty() -> bool:
    """Say whether we are root, and nothing has been taken away from that (capabilities(7))."""
    if os.geteuid() != 0:
        return False
    try:
        status = Path("/proc/self/status").read_text("ascii", "replace")
    except OSError:
        return True
    held = [line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")]
    return not held or bool(int(held[0], 16) & ~_BIND_SERVICE)


_BIND_SERVICE = 1 << 10  # CAP_NET_BIND_SERVICE
