"""Anonymous memory that processes share."""

import os
import tempfile


def shared_memory(name: str, size: int) -> int:
    """Create zeroed memory; return a descriptor that other processes can inherit."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.write(descriptor, bytes(size))  # allocated now: a later write cannot fail for lack of space
    return descriptor
