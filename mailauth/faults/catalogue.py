"""Every fault, and what it does."""

import enum
from collections.abc import Mapping, Sequence

import msgspec


class Fault(enum.Enum):
    """What a listener does wrong on purpose."""

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
    """What is wrong, and so where it can be; a listener has one fault of a kind at a time."""

    CERTIFICATE = "certificate"
    TLS = "TLS"
    STARTTLS = "STARTTLS"
    MECHANISMS = "mechanisms"
    LOGIN = "logins"
    DELAY = "delay"


class Description(msgspec.Struct, frozen=True):
    """What kind of fault it is, and what the server does, in one clause."""

    kind: FaultKind
    does: str


OF_IMAP = (Fault.PREAUTH, Fault.UNTAGGED_INJECTION)  # which have no meaning elsewhere

SLOW_SECONDS = 5.0  # from a login to its answer
STALL_SECONDS = 600.0  # that a handshake is left without an answer: longer than clients wait

_CERTIFICATE, _TLS = FaultKind.CERTIFICATE, FaultKind.TLS
_STARTTLS, _LOGIN = FaultKind.STARTTLS, FaultKind.LOGIN

FAULTS: Mapping[Fault, Description] = {
    Fault.EXPIRED: Description(_CERTIFICATE, "shows a certificate that ended yesterday"),
    Fault.NOT_YET_VALID: Description(_CERTIFICATE, "shows one that begins tomorrow"),
    Fault.SELF_SIGNED: Description(_CERTIFICATE, "shows one that no CA has signed"),
    Fault.UNKNOWN_CA: Description(_CERTIFICATE, "shows one by a CA that nobody trusts"),
    Fault.WRONG_HOST: Description(
        _CERTIFICATE, "shows one for wrong-host.localhost, and for no other name or address"
    ),
    Fault.WEAK_KEY: Description(_CERTIFICATE, "shows one with an RSA key of 1,024 bits"),
    Fault.SHA1: Description(_CERTIFICATE, "shows one that is signed with SHA-1"),
    Fault.CHAIN_INCOMPLETE: Description(
        _CERTIFICATE, "shows one by an intermediate CA whose certificate is not sent"
    ),
    Fault.OLD_VERSION_ONLY: Description(_TLS, "speaks no TLS above 1.1"),
    Fault.HANDSHAKE_ABORT: Description(_TLS, "answers the ClientHello with a fatal alert"),
    Fault.HANDSHAKE_STALL: Description(_TLS, "does not answer the ClientHello, for ten minutes"),
    Fault.CLOSE_AFTER_HELLO: Description(_TLS, "closes the connection on the ClientHello"),
    Fault.STRIPPED: Description(_STARTTLS, "does not offer STARTTLS"),
    Fault.REFUSED: Description(_STARTTLS, "offers STARTTLS and refuses it"),
    Fault.ACCEPTED_THEN_CLEARTEXT: Description(
        _STARTTLS, "says yes to STARTTLS and goes on in the clear"
    ),
    Fault.RESPONSE_INJECTION: Description(
        _STARTTLS, "sends replies in the clear behind its yes to STARTTLS, before the handshake"
    ),
    Fault.NEGATIVE_INJECTION: Description(
        _STARTTLS, "sends a refusal in the clear behind its yes to STARTTLS, before the handshake"
    ),
    Fault.UNTAGGED_INJECTION: Description(
        _STARTTLS,
        "sends an untagged list of other mechanisms in the clear behind its yes to STARTTLS (IMAP)",
    ),
    Fault.PREAUTH: Description(
        _STARTTLS, "greets with PREAUTH in the clear, so that STARTTLS is not possible (IMAP)"
    ),
    Fault.TEMPORARY_FAILURE: Description(_LOGIN, "finds every right password unavailable"),
    Fault.SLOW: Description(FaultKind.DELAY, f"answers a login {SLOW_SECONDS:g} seconds late"),
    Fault.DROP_MID_AUTH: Description(_LOGIN, "closes the connection on a right password"),
    Fault.WRONG_CODE: Description(
        _LOGIN, "does not let anybody in, and says so in words that the protocol does not know"
    ),
    Fault.MECHANISM_DOWNGRADE: Description(FaultKind.MECHANISMS, "offers only PLAIN and LOGIN"),
    Fault.CAPABILITY_LIE: Description(
        FaultKind.MECHANISMS,
        "announces SCRAM-SHA-256 and CRAM-MD5, and knows only PLAIN and LOGIN",
    ),
}


def of_kind(faults: Sequence[Fault], kind: FaultKind) -> Fault | None:
    """Return the fault of that kind, if there is one."""
    return next((fault for fault in faults if FAULTS[fault].kind is kind), None)


def contradiction(faults: Sequence[Fault]) -> tuple[Fault, Fault] | None:
    """Return two faults that cannot be had at once, if there are any."""
    for index, fault in enumerate(faults):
        other = of_kind(faults[:index], FAULTS[fault].kind)
        if other is not None:
            return other, fault
    return None
