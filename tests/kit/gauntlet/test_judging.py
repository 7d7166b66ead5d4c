"""Verdicts, by what was recorded."""

from typing import Any

import pytest

from mailauth.config import ListenerProtocol, TlsMode
from mailauth.faults import Fault
from mailauth.faults.core import TOOK_A_REPLY, WENT_ON
from mailauth.kit.gauntlet.cases import Case
from mailauth.kit.gauntlet.judging import Verdict, judge
from tests.kit.recording import recorded

LOGIN = {"mechanism": "PLAIN", "secure": True, "tls_version": "TLSv1.3"}
CLEAR = {"mechanism": "PLAIN", "secure": False, "security": "cleartext"}
EXPOSED = {**CLEAR, "exposed": True}
ALERT = {"kind": "connection", "result": None, "reason": "tls-handshake-failed: unknown ca"}


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
        (Fault.RESPONSE_INJECTION, [{**ALERT, "reason": TOOK_A_REPLY}], Verdict.BELIEVED, False),
        (Fault.RESPONSE_INJECTION, [LOGIN], Verdict.SECURE, True),
        (Fault.SLOW, [LOGIN], Verdict.SECURE, True),
        (Fault.WRONG_CODE, [{**LOGIN, "result": "unavailable"}], Verdict.REFUSED, True),
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
    assert judge(stalled, [], hung=True).verdict is Verdict.HUNG
    assert judge(stalled, [recorded(**ALERT)], hung=True).verdict is Verdict.HUNG
    assert judge(stalled, [recorded(**EXPOSED)], hung=True).verdict is Verdict.EXPOSED
    assert not judge(stalled, [], hung=True).passed


def test_the_evidence_is_what_was_recorded() -> None:
    assert judge(case(Fault.EXPIRED), [recorded(**ALERT)]).evidence == ALERT["reason"]
    assert judge(case(None), [recorded(**LOGIN)]).evidence == "PLAIN TLSv1.3: success"
