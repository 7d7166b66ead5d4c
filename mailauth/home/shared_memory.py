"""Memory without a name, for processes to share."""

import os
import tempfile


def shared_memory(name: str, size: int) -> int:
    """Make zeroed memory of so many octets; return a descriptor for others to inherit."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(descriptor, bytes(size))  # all of it: a store must not need room later
    return descriptor
