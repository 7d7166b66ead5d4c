"""The list of faults, and what each does."""

import enum
from collections.abc import Mapping, Sequence

import msgspec


class Fault(enum.Enum):
    """A deliberate misbehaviour of a listener."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    SELF_SIGNED = "self-signed"
    UNKNOWN_CA = "unknown-ca"
    WRONG_HOST = "wrong-host"
    WEAK_KEY = "weak-key"
    SHA1 = "sha1"
    CHAIN_INCOMPLETE = "chain-incomplete"

    OLD_VERSION_ONLY = "old-version-only"
    HANDSHAKE_ABORT = "handshake-abort"
    HANDSHAKE_STALL = "handshake-stall"
    CLOSE_AFTER_HELLO = "close-after-hello"

    STRIPPED = "stripped"
    REFUSED = "refused"
    ACCEPTED_THEN_CLEARTEXT = "accepted-then-cleartext"
    RESPONSE_INJECTION = "response-injection"
    NEGATIVE_INJECTION = "negative-injection"
    UNTAGGED_INJECTION = "untagged-injection"
    PREAUTH = "preauth"

    TEMPORARY_FAILURE = "temporary-failure"
    SLOW = "slow"
    DROP_MID_AUTH = "drop-mid-auth"
    WRONG_CODE = "wrong-code"
    MECHANISM_DOWNGRADE = "mechanism-downgrade"
    CAPABILITY_LIE = "capability-lie"


class FaultKind(enum.Enum):
    """The kind of a fault; a listener has at most one fault of each kind."""

    CERTIFICATE = "certificate"
    TLS = "TLS"
    STARTTLS = "STARTTLS"
    MECHANISMS = "mechanisms"
    LOGIN = "logins"
    DELAY = "delay"


class Description(msgspec.Struct, frozen=True):
    """The kind of a fault, and a clause that says what the server does."""

    kind: FaultKind
    does: str


OF_IMAP = (Fault.PREAUTH, Fault.UNTAGGED_INJECTION)  # which exist only in IMAP

SLOW_SECONDS = 5.0  # from a login to its answer
STALL_SECONDS = 600.0  # that a handshake is left unanswered, longer than clients wait

_CERTIFICATE, _TLS = FaultKind.CERTIFICATE, FaultKind.TLS
_STARTTLS, _LOGIN = FaultKind.STARTTLS, FaultKind.LOGIN

FAULTS: Mapping[Fault, Description] = {
    Fault.EXPIRED: Description(_CERTIFICATE, "presents a certificate that expired yesterday"),
    Fault.NOT_YET_VALID: Description(
        _CERTIFICATE, "presents a certificate that becomes valid tomorrow"
    ),
    Fault.SELF_SIGNED: Description(_CERTIFICATE, "presents a self-signed certificate"),
    Fault.UNKNOWN_CA: Description(_CERTIFICATE, "presents a certificate issued by an untrusted CA"),
    Fault.WRONG_HOST: Description(
        _CERTIFICATE, "presents a certificate for wrong-host.localhost only"
    ),
    Fault.WEAK_KEY: Description(_CERTIFICATE, "presents a certificate with a 1,024-bit RSA key"),
    Fault.SHA1: Description(_CERTIFICATE, "presents a certificate signed with SHA-1"),
    Fault.CHAIN_INCOMPLETE: Description(
        _CERTIFICATE, "presents a certificate issued by an intermediate CA that it does not send"
    ),
    Fault.OLD_VERSION_ONLY: Description(_TLS, "supports only TLS 1.1 and older"),
    Fault.HANDSHAKE_ABORT: Description(_TLS, "answers the ClientHello with a fatal alert"),
    Fault.HANDSHAKE_STALL: Description(_TLS, "does not answer the ClientHello for ten minutes"),
    Fault.CLOSE_AFTER_HELLO: Description(_TLS, "closes the connection after the ClientHello"),
    Fault.STRIPPED: Description(_STARTTLS, "does not offer STARTTLS"),
    Fault.REFUSED: Description(_STARTTLS, "offers STARTTLS and refuses it"),
    Fault.ACCEPTED_THEN_CLEARTEXT: Description(
        _STARTTLS, "accepts STARTTLS and continues in the clear"
    ),
    Fault.RESPONSE_INJECTION: Description(
        _STARTTLS, "sends replies in the clear after accepting STARTTLS, before the handshake"
    ),
    Fault.NEGATIVE_INJECTION: Description(
        _STARTTLS, "sends a refusal in the clear after accepting STARTTLS, before the handshake"
    ),
    Fault.UNTAGGED_INJECTION: Description(
        _STARTTLS,
        "sends an untagged list of other mechanisms in the clear after accepting STARTTLS (IMAP)",
    ),
    Fault.PREAUTH: Description(
        _STARTTLS, "greets with PREAUTH in the clear, so that STARTTLS is not possible (IMAP)"
    ),
    Fault.TEMPORARY_FAILURE: Description(
        _LOGIN, "answers every correct password with a temporary failure"
    ),
    Fault.SLOW: Description(
        FaultKind.DELAY, f"delays the answer to a login by {SLOW_SECONDS:g} seconds"
    ),
    Fault.DROP_MID_AUTH: Description(_LOGIN, "closes the connection after a correct password"),
    Fault.WRONG_CODE: Description(
        _LOGIN, "refuses every login with a reply that the protocol does not define"
    ),
    Fault.MECHANISM_DOWNGRADE: Description(FaultKind.MECHANISMS, "offers only PLAIN and LOGIN"),
    Fault.CAPABILITY_LIE: Description(
        FaultKind.MECHANISMS,
        "announces SCRAM-SHA-256 and CRAM-MD5, but supports only PLAIN and LOGIN",
    ),
}


def of_kind(faults: Sequence[Fault], kind: FaultKind) -> Fault | None:
    """Return the fault of this kind, if there is one."""
    return next((fault for fault in faults if FAULTS[fault].kind is kind), None)


def contradiction(faults: Sequence[Fault]) -> tuple[Fault, Fault] | None:
    """Return two faults that cannot be combined, if there are any."""
    for index, fault in enumerate(faults):
        other = of_kind(faults[:index], FAULTS[fault].kind)
        if other is not None:
            return other, fault
    return None
