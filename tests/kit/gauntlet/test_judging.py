"""Verdicts, by what was recorded."""

from typing import Any

import pytest

from mailauth.config import ListenerProtocol, TlsMode
from mailauth.faults import Fault
from mailauth.faults.core import TOOK_A_REPLY, WENT_ON
from mailauth.kit.gauntlet.cases import Case
from mailauth.kit.gauntlet.judging import Verdict, judge
from mailauth.kit.gauntlet.trying import Ended
from tests.kit.recording import recorded

LOGIN = {"mechanism": "PLAIN", "secure": True, "tls_version": "TLSv1.3"}
CLEAR = {"mechanism": "PLAIN", "secure": False, "security": "cleartext"}
EXPOSED = {**CLEAR, "exposed": True}
ALERT = {"kind": "connection", "result": None, "reason": "tls-handshake-failed: unknown ca"}
BELIEF = {**ALERT, "reason": TOOK_A_REPLY}
TURNED_AWAY = {**LOGIN, "result": "unavailable"}
KILLED, DONE, FAILED = Ended(None, ""), Ended(0, ""), Ended(1, "")


def case(fault: Fault | None) -> Case:
    return Case(ListenerProtocol.IMAP, TlsMode.STARTTLS, fault)


@pytest.mark.parametrize(
    ("fault", "facts", "verdict", "passed"),
    [
        (Fault.EXPIRED, [ALERT], Verdict.REFUSED, True),
        (Fault.EXPIRED, [LOGIN], Verdict.BAD_TLS, False),
        (Fault.OLD_VERSION_ONLY, [LOGIN], Verdict.BAD_TLS, False),
        (Fault.EXPIRED, [ALERT, EXPOSED], Verdict.EXPOSED, False),
        (Fault.EXPIRED, [], Verdict.NOT_SEEN, False),
        (Fault.STRIPPED, [EXPOSED], Verdict.EXPOSED, False),
        (Fault.STRIPPED, [{**EXPOSED, "result": "unavailable"}, LOGIN], Verdict.EXPOSED, False),
        (Fault.STRIPPED, [{**CLEAR, "mechanism": "CRAM-MD5"}], Verdict.CLEARTEXT, False),
        (Fault.STRIPPED, [{**ALERT, "reason": "no-attempt"}], Verdict.REFUSED, True),
        (Fault.PREAUTH, [{**ALERT, "reason": f"{WENT_ON}: SELECT"}], Verdict.BELIEVED, False),
        (Fault.RESPONSE_INJECTION, [BELIEF], Verdict.BELIEVED, False),
        (Fault.RESPONSE_INJECTION, [BELIEF, LOGIN], Verdict.BELIEVED, False),
        (Fault.RESPONSE_INJECTION, [LOGIN], Verdict.SECURE, True),
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
    assert judge(stalled, [], KILLED).verdict is Verdict.HUNG
    assert judge(stalled, [recorded(**ALERT)], KILLED).verdict is Verdict.HUNG
    assert judge(stalled, [recorded(**EXPOSED)], KILLED).verdict is Verdict.EXPOSED
    assert not judge(stalled, [], KILLED).passed


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
