"""What the record proves of a client in a case."""

import enum
from collections.abc import Sequence

import msgspec

from mailauth.faults import FAULTS, FaultKind
from mailauth.faults.core import TOOK_A_REPLY, WENT_ON
from mailauth.kit.gauntlet.cases import Case
from mailauth.kit.gauntlet.trying import Ended
from mailauth.login.event import Kind, LoginEvent
from mailauth.testing.recorded import is_login


class Verdict(enum.Enum):
    """How a client took what was done to it."""

    REFUSED = "refused properly"
    SECURE = "logged in securely"
    EXPOSED = "exposed the password"
    BAD_TLS = "logged in over bad TLS"
    CLEARTEXT = "logged in without TLS"
    BELIEVED = "believed what came in the clear"
    UNNOTICED = "did not notice"
    HUNG = "hung"
    NO_LOGIN = "did not log in"
    NOT_SEEN = "did not connect"


class Judgement(msgspec.Struct, frozen=True):
    """A verdict on a case, and what it rests on."""

    case: Case
    verdict: Verdict
    evidence: str

    @property
    def passed(self) -> bool:
        """Whether nobody has to worry; without a fault, a client has to log in."""
        if self.case.fault is None:
            return self.verdict is Verdict.SECURE
        return self.verdict in (Verdict.REFUSED, Verdict.SECURE)


def judge(case: Case, records: Sequence[LoginEvent], ended: Ended | None = None) -> Judgement:
    """Say what the records of the case's listener prove, and how the client ended, if it is known.

    The worst that happened counts, whatever came after it. A client that says that all is well has
    not noticed that it was not let in.
    """
    hung = ended is not None and ended.code is None
    proven = [found for record in records if (found := _proven(case, record)) is not None]
    for verdict in _WORST_FIRST:
        for found in proven:
            if found.verdict is verdict:
                return found
    if not records:
        return Judgement(case, Verdict.HUNG if hung else Verdict.NOT_SEEN, "nothing was recorded")
    if hung:
        verdict = Verdict.HUNG
    elif case.fault is None:
        verdict = Verdict.NO_LOGIN
    elif ended is not None and ended.code == 0:
        verdict = Verdict.UNNOTICED
    else:
        verdict = Verdict.REFUSED
    return Judgement(case, verdict, _said(records[-1]))


_WORST_FIRST = (
    Verdict.EXPOSED,
    Verdict.CLEARTEXT,
    Verdict.BAD_TLS,
    Verdict.BELIEVED,
    Verdict.SECURE,
)


def _proven(case: Case, record: LoginEvent) -> Judgement | None:
    """Say what a record proves by itself."""
    if record.exposed:
        return Judgement(case, Verdict.EXPOSED, _said(record))
    if is_login(record):
        return Judgement(case, _verdict_on(case, record), _said(record))
    if _is_belief(record):
        return Judgement(case, Verdict.BELIEVED, _said(record))
    return None


def _verdict_on(case: Case, login: LoginEvent) -> Verdict:
    if not login.secure:
        return Verdict.CLEARTEXT
    if case.fault is not None and FAULTS[case.fault].kind in (
        FaultKind.CERTIFICATE,
        FaultKind.TLS,
    ):
        return Verdict.BAD_TLS
    return Verdict.SECURE


def _is_belief(record: LoginEvent) -> bool:
    """Say whether a connection ended in a way that a fault of STARTTLS has led to."""
    return record.kind is Kind.CONNECTION and (record.reason or "").startswith(
        (WENT_ON, TOOK_A_REPLY)
    )


def _said(record: LoginEvent) -> str:
    """Say what was recorded, in a few words."""
    if record.kind is not Kind.LOGIN:
        inside = f" inside {record.tls_version}" if record.tls_version is not None else ""
        return f"{record.reason}{inside}"
    assert record.result is not None
    how = record.tls_version or "in the clear"
    reason = "" if record.reason is None else f": {record.reason}"
    return f"{record.mechanism} {how}: {record.result.value}{reason}"
