"""What the record proves about a client in a case."""

import enum
from collections.abc import Sequence
from typing import assert_never

import msgspec

from mailauth.faults import FAULTS, Fault, FaultKind
from mailauth.faults.core import BELIEFS
from mailauth.kit.gauntlet.cases import Case
from mailauth.kit.gauntlet.trying import Ended
from mailauth.login.ended import cause_of
from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.testing.recorded import is_login


class Verdict(enum.Enum):
    """How a client reacted to a fault."""

    REFUSED = "refused properly"
    SECURE = "logged in securely"
    EXPOSED = "exposed the password"
    BAD_TLS = "logged in over bad TLS"
    ATTEMPTED = "attempted over bad TLS"
    CLEARTEXT = "logged in without TLS"
    BELIEVED = "believed what came in the clear"
    UNNOTICED = "did not notice"
    HUNG = "hung"
    WAITED = "waited for ever"
    NO_LOGIN = "did not log in"
    NOT_SEEN = "did not connect"
    INCONCLUSIVE = "inconclusive"


class Severity(enum.IntEnum):
    """The severity of a verdict.

    `MINOR`: the client accepts weak cryptography, or waits endlessly. `SERIOUS`: it does not know
    whether it is logged in, or cannot be judged. `CRITICAL`: others on the network can have the
    password or the session.
    """

    NONE = 0
    MINOR = 1
    SERIOUS = 2
    CRITICAL = 3


_WEAK = (Fault.WEAK_KEY, Fault.SHA1, Fault.OLD_VERSION_ONLY)


class Judgement(msgspec.Struct, frozen=True):
    """A verdict on a case, and the evidence for it."""

    case: Case
    verdict: Verdict
    evidence: str

    @property
    def passed(self) -> bool:
        """Whether there is no problem; without a fault, a client must log in."""
        return self.severity is Severity.NONE

    @property
    def severity(self) -> Severity:
        """How severe the problem is."""
        match self.verdict:
            case Verdict.SECURE:
                return Severity.NONE
            case Verdict.REFUSED:
                return Severity.NONE if self.case.fault is not None else Severity.SERIOUS
            case Verdict.EXPOSED | Verdict.CLEARTEXT | Verdict.BELIEVED:
                return Severity.CRITICAL
            case Verdict.BAD_TLS | Verdict.ATTEMPTED:
                return Severity.MINOR if self.case.fault in _WEAK else Severity.CRITICAL
            case Verdict.HUNG | Verdict.WAITED:
                return Severity.MINOR
            case Verdict.UNNOTICED | Verdict.NO_LOGIN | Verdict.NOT_SEEN | Verdict.INCONCLUSIVE:
                return Severity.SERIOUS
            case _:
                assert_never(self.verdict)


def judge(case: Case, records: Sequence[LoginEvent], ended: Ended | None = None) -> Judgement:
    """Judge a case by the records of its listener, and by how the client ended, if known.

    The worst event counts, whatever followed. A client that reports success without being logged in
    did not notice the refusal.
    """
    hung = ended is not None and ended.code is None
    proven = [found for record in records if (found := _proven(case, record)) is not None]
    for verdict in _WORST_FIRST:
        for found in proven:
            if found.verdict is verdict:
                return found
    if hung and case.fault is Fault.HANDSHAKE_STALL:
        assert ended is not None
        evidence = f"still waited for an answer to its ClientHello after {ended.seconds:.0f} s"
        return Judgement(case, Verdict.WAITED, evidence)
    if not records:
        return Judgement(case, Verdict.HUNG if hung else Verdict.NOT_SEEN, "nothing was recorded")
    if hung:
        verdict = Verdict.HUNG
    elif case.fault is None:
        verdict = Verdict.NO_LOGIN
    elif ended is not None and ended.says_well:
        verdict = Verdict.UNNOTICED
    else:
        verdict = Verdict.REFUSED
    return Judgement(case, verdict, _said(records[-1]))


def without_control(case: Case, control: Judgement | None) -> Judgement:
    """Return the judgement of a client that did not log in to the listener without a fault.

    That it did not log in elsewhere either proves nothing: perhaps it never could.
    """
    if control is None:
        why = "the client was not seen on the listener without a fault (no-fault)"
    else:
        why = f"without a fault, the client {control.verdict.value}: {control.evidence}"
    return Judgement(case, Verdict.INCONCLUSIVE, why)


_WORST_FIRST = (
    Verdict.EXPOSED,
    Verdict.CLEARTEXT,
    Verdict.BAD_TLS,
    Verdict.ATTEMPTED,
    Verdict.BELIEVED,
    Verdict.SECURE,
)


def _proven(case: Case, record: LoginEvent) -> Judgement | None:
    """Return what a record proves by itself."""
    if record.exposed:
        return Judgement(case, Verdict.EXPOSED, _said(record))
    if is_login(record):
        return Judgement(case, _verdict_on(case, record), _said(record))
    if record.kind is Kind.LOGIN and record.secure and _is_bad_tls(case):
        return Judgement(case, Verdict.ATTEMPTED, _said(record))
    if _is_belief(record) or _is_lured(case, record):
        return Judgement(case, Verdict.BELIEVED, _said(record))
    return None


def _verdict_on(case: Case, login: LoginEvent) -> Verdict:
    if not login.secure:
        return Verdict.CLEARTEXT
    return Verdict.BAD_TLS if _is_bad_tls(case) else Verdict.SECURE


def _is_bad_tls(case: Case) -> bool:
    """Return whether a client should not send a credential inside the TLS of this case."""
    kinds = (FaultKind.CERTIFICATE, FaultKind.TLS)
    return case.fault is not None and FAULTS[case.fault].kind in kinds


def _is_belief(record: LoginEvent) -> bool:
    """Return whether a STARTTLS fault caused the end of a connection."""
    return record.kind is Kind.CONNECTION and cause_of(record.reason) in BELIEFS


def _is_lured(case: Case, record: LoginEvent) -> bool:
    """Return whether a client tried a mechanism that only an injected list had."""
    is_unknown = record.result is Result.MECHANISM_UNKNOWN
    return case.fault is Fault.UNTAGGED_INJECTION and record.secure is True and is_unknown


def _said(record: LoginEvent) -> str:
    """Describe a record in a few words."""
    if record.kind is not Kind.LOGIN:
        inside = f" inside {record.tls_version}" if record.tls_version is not None else ""
        return f"{record.reason}{inside}"
    assert record.result is not None
    how = record.tls_version or "in the clear"
    reason = "" if record.reason is None else f": {record.reason}"
    return f"{record.mechanism} {how}: {record.result.value}{reason}"
