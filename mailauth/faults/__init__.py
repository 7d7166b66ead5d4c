"""Faults: deliberate misbehaviour of a listener, to test how clients react.

`catalogue` lists and describes them. `net.faulty_tls` implements the faults of certificates and TLS
handshakes. Those of STARTTLS and logins are implemented here, as wrappers around a protocol core
that is unaware of them.
"""

from mailauth.faults.catalogue import (
    FAULTS,
    OF_IMAP,
    STALL_SECONDS,
    Fault,
    FaultKind,
    contradiction,
    of_kind,
)

__all__ = ["FAULTS", "OF_IMAP", "STALL_SECONDS", "Fault", "FaultKind", "contradiction", "of_kind"]
