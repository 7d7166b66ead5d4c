"""Faults: what a listener does wrong on purpose, so that a client can show how it takes it.

`catalogue` names them and says what each does. Those of certificates and of the TLS handshake are
`net.faulty_tls`'s; those of STARTTLS and of logins stand here, around a protocol core that knows
nothing of them.
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
