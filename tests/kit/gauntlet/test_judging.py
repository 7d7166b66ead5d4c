"""Verdicts, by what was recorded."""

from typing import Any

import pytest

from mailauth.config import TlsMode
from mailauth.faults import Fault
from mailauth.kit.gauntlet.cases import Case
from mailauth.kit.gauntlet.judging import Severity, Verdict, judge, without_control
from mailauth.kit.gauntlet.trying import Ended
from tests.support.recording import recorded

LOGIN = {"mechanism": "PLAIN", "secure": True, "tls_version": "TLSv1.3"}
CLEAR = {"mechanism": "PLAIN", "secure": False, "security": "cleartext"}
EXPOSED = {**CLEAR, "exposed": True}
ALERT = {"kind": "connection", "result": None, "reason": "tls-handshake-failed: unknown ca"}
WENT_ON = {**ALERT, "reason": "went on in the clear behind PREAUTH: SELECT"}
BELIEF = {**ALERT, "reason": "took a reply sent in the clear for an answer inside TLS"}
TURNED_AWAY = {**LOGIN, "result": "unavailable"}
KILLED = Ended(None, "", says_well=False, seconds=45.2)
DONE, FAILED = Ended(0, "", says_well=True), Ended(1, "", says_well=False)
WRONG = {**LOGIN, "result": "bad-credentials"}
LURED = {**LOGIN, "mechanism": "CRAM-MD5", "result": "mechanism-unknown"}
CANCELLED = {**LOGIN, "result": "cancelled"}
LOOKED = {**ALERT, "reason": "no-attempt (CAPABILITY, LOGOUT)", "tls_version": "TLSv1.3"}


def case(fault: Fault | None) -> Case:
    return Case("imap", TlsMode.STARTTLS, fault)


@pytest.mark.parametrize(
    ("fault", "facts", "verdict", "passed"),
    [
        (Fault.EXPIRED, [ALERT], Verdict.REFUSED, True),
        (Fault.EXPIRED, [LOGIN], Verdict.BAD_TLS, False),
        (Fault.OLD_VERSION_ONLY, [LOGIN], Verdict.BAD_TLS, False),
        (Fault.EXPIRED, [WRONG], Verdict.ATTEMPTED, False),
        (Fault.EXPIRED, [CANCELLED], Verdict.ATTEMPTED, False),
        (Fault.OLD_VERSION_ONLY, [ALERT, WRONG], Verdict.ATTEMPTED, False),
        (Fault.EXPIRED, [WRONG, LOGIN], Verdict.BAD_TLS, False),
        (Fault.EXPIRED, [LOOKED], Verdict.REFUSED, True),
        (Fault.CAPABILITY_LIE, [WRONG], Verdict.REFUSED, True),
        (Fault.EXPIRED, [ALERT, EXPOSED], Verdict.EXPOSED, False),
        (Fault.EXPIRED, [], Verdict.NOT_SEEN, False),
        (Fault.STRIPPED, [EXPOSED], Verdict.EXPOSED, False),
        (Fault.STRIPPED, [{**EXPOSED, "result": "unavailable"}, LOGIN], Verdict.EXPOSED, False),
        (Fault.STRIPPED, [{**CLEAR, "mechanism": "CRAM-MD5"}], Verdict.CLEARTEXT, False),
        (Fault.STRIPPED, [{**ALERT, "reason": "no-attempt"}], Verdict.REFUSED, True),
        (
            Fault.PREAUTH,
            [WENT_ON],
            Verdict.BELIEVED,
            False,
        ),
        (Fault.RESPONSE_INJECTION, [BELIEF], Verdict.BELIEVED, False),
        (Fault.RESPONSE_INJECTION, [BELIEF, LOGIN], Verdict.BELIEVED, False),
        (Fault.RESPONSE_INJECTION, [LOGIN], Verdict.SECURE, True),
        (Fault.NEGATIVE_INJECTION, [BELIEF], Verdict.BELIEVED, False),
        (Fault.UNTAGGED_INJECTION, [LURED, LOGIN], Verdict.BELIEVED, False),
        (Fault.UNTAGGED_INJECTION, [LOGIN], Verdict.SECURE, True),
        (Fault.CAPABILITY_LIE, [LURED, LOGIN], Verdict.SECURE, True),
        (Fault.SLOW, [LOGIN], Verdict.SECURE, True),
        (Fault.SLOW, [LOGIN, EXPOSED], Verdict.EXPOSED, False),
        (Fault.WRONG_CODE, [TURNED_AWAY], Verdict.REFUSED, True),
        (None, [LOGIN], Verdict.SECURE, True),
        (None, [ALERT], Verdict.NO_LOGIN, False),
        (None, [], Verdict.NOT_SEEN, False),
    ],
)
def test_the_worst_that_was_recorded_counts(
    fault: Fault | None, facts: list[dict[str, Any]], verdict: Verdict, passed: bool
) -> None:
    judgement = judge(case(fault), [recorded(**each) for each in facts])
    assert (judgement.verdict, judgement.passed) == (verdict, passed)


def test_a_client_that_had_to_be_killed_hung_unless_it_did_worse() -> None:
    stalled = case(Fault.HANDSHAKE_STALL)
    waited = judge(stalled, [recorded(**ALERT)], KILLED)
    assert waited.verdict is Verdict.WAITED
    assert waited.evidence == "still waited for an answer to its ClientHello after 45 s"
    assert judge(stalled, [], KILLED).verdict is Verdict.WAITED
    assert judge(stalled, [recorded(**EXPOSED)], KILLED).verdict is Verdict.EXPOSED
    assert judge(case(Fault.SLOW), [recorded(**ALERT)], KILLED).verdict is Verdict.HUNG
    assert not judge(stalled, [], KILLED).passed


def test_weak_cryptography_weighs_less_than_no_verification() -> None:
    def weighs(fault: Fault, facts: dict[str, Any]) -> Severity:
        return judge(case(fault), [recorded(**facts)]).severity

    assert weighs(Fault.WEAK_KEY, LOGIN) is weighs(Fault.SHA1, WRONG) is Severity.MINOR
    assert weighs(Fault.EXPIRED, LOGIN) is weighs(Fault.WRONG_HOST, WRONG) is Severity.CRITICAL
    assert weighs(Fault.STRIPPED, EXPOSED) is weighs(Fault.PREAUTH, BELIEF) is Severity.CRITICAL
    assert weighs(Fault.WEAK_KEY, ALERT) is Severity.NONE


def test_without_a_control_nothing_is_concluded() -> None:
    control = judge(case(None), [], FAILED)
    judgement = without_control(case(Fault.EXPIRED), control)
    assert (judgement.verdict, judgement.passed) == (Verdict.INCONCLUSIVE, False)
    assert judgement.evidence == (
        "without a fault, the client did not connect: nothing was recorded"
    )


@pytest.mark.parametrize(
    ("fault", "facts", "ended", "verdict"),
    [
        (Fault.WRONG_CODE, TURNED_AWAY, DONE, Verdict.UNNOTICED),
        (Fault.WRONG_CODE, TURNED_AWAY, FAILED, Verdict.REFUSED),
        (Fault.EXPIRED, ALERT, DONE, Verdict.UNNOTICED),
        (Fault.SLOW, LOGIN, DONE, Verdict.SECURE),
        (Fault.STRIPPED, EXPOSED, DONE, Verdict.EXPOSED),
        (None, ALERT, DONE, Verdict.NO_LOGIN),
    ],
)
def test_a_client_that_was_not_let_in_and_ends_well_has_not_noticed(
    fault: Fault | None, facts: dict[str, Any], ended: Ended, verdict: Verdict
) -> None:
    judgement = judge(case(fault), [recorded(**facts)], ended)
    assert judgement.verdict is verdict
    assert judgement.passed is (verdict in (Verdict.REFUSED, Verdict.SECURE))


def test_the_evidence_is_what_was_recorded() -> None:
    assert judge(case(Fault.EXPIRED), [recorded(**ALERT)]).evidence == ALERT["reason"]
    assert judge(case(None), [recorded(**LOGIN)]).evidence == "PLAIN TLSv1.3: success"
