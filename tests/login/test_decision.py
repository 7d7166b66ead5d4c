"""The decision beside the table of replies, row by row."""

import msgspec
import pytest

from mailauth.imap.login import refused as imap_refused
from mailauth.login.accounts import Account
from mailauth.login.client import Client
from mailauth.login.decision import Counts, Decision, Exposure, decide, refuse
from mailauth.login.event import Service
from mailauth.login.hop import CLEARTEXT
from mailauth.login.outcome import Answer
from mailauth.login.policy import Policy
from mailauth.login.secrets import PlaintextSecret
from mailauth.pop3.replies import login_refused as pop3_refused
from mailauth.smtp.replies import login_refused as smtp_refused
from mailauth.web.http.connection import Connection
from mailauth.web.http.message import Request
from mailauth.web.session.login import refusal as http_refusal

# What a login comes to that is not a success, and what each protocol answers: IMAP (RFC 9051
# §6.2.2, RFC 5530 §3), POP3 (RFC 1939 §7, RFC 2449 §8, RFC 3206, RFC 5034 §4), SMTP (RFC 4954 §4
# and §6, RFC 3207 §4, RFC 5248 §2), HTTP (RFC 9110 §15, RFC 6585 §5).
REPLIES = """
| bad credentials       | NO [AUTHENTICATIONFAILED] | -ERR [AUTH]     | 535 5.7.8  | 401 |
| denied                | NO [AUTHORIZATIONFAILED]  | -ERR [AUTH]     | 535 5.7.8  | 403 |
| cleartext refused     | NO [PRIVACYREQUIRED]      | -ERR            | 538 5.7.11 | 403 |
| mechanism unknown     | NO [CANNOT]               | -ERR            | 504 5.5.4  | 400 |
| malformed             | BAD                       | -ERR            | 501 5.5.2  | 400 |
| cancelled             | BAD                       | -ERR            | 501 5.7.0  | 400 |
| line too long         | BAD                       | -ERR            | 500 5.5.6  | 431 |
| already authenticated | BAD                       | -ERR            | 503 5.5.1  | –   |
| maildrop locked       | NO [INUSE]                | -ERR [IN-USE]   | 454 4.7.0  | 503 |
| unavailable           | NO [UNAVAILABLE]          | -ERR [SYS/TEMP] | 454 4.7.0  | 503 |
"""

# Every decision: the row above that its client is told, the result in the record, whether it
# counts as a failure, and whether it may expose the secret.
DECISIONS = """
| SUCCESS               | –                     | success           | –          | sent    |
| NO_SUCH_ACCOUNT       | bad credentials       | bad-credentials   | address    | never   |
| WRONG_SECRET          | bad credentials       | bad-credentials   | address    | never   |
| BLOCKED               | bad credentials       | blocked           | block      | checked |
| DISABLED              | bad credentials       | disabled          | address    | sent    |
| DENIED                | denied                | denied            | address    | sent    |
| CLEARTEXT_REFUSED     | cleartext refused     | cleartext-refused | connection | checked |
| MECHANISM_UNKNOWN     | mechanism unknown     | mechanism-unknown | connection | unknown |
| NOT_OFFERED           | mechanism unknown     | mechanism-unknown | connection | checked |
| MALFORMED             | malformed             | malformed         | connection | unknown |
| MISPLACED             | malformed             | malformed         | connection | checked |
| CANCELLED             | cancelled             | cancelled         | connection | never   |
| LINE_TOO_LONG         | line too long         | malformed         | connection | unknown |
| ALREADY_AUTHENTICATED | already authenticated | malformed         | –          | checked |
| MAILDROP_LOCKED       | maildrop locked       | unavailable       | –          | sent    |
| STORE_UNAVAILABLE     | unavailable           | unavailable       | –          | sent    |
| NOT_ADMITTED          | unavailable           | unavailable       | –          | sent    |
| TOO_MANY_CHECKS       | unavailable           | unavailable       | –          | unknown |
| OUR_BUG               | unavailable           | unavailable       | connection | unknown |
"""

COUNTS = {
    "–": Counts.NOT,
    "connection": Counts.CONNECTION,
    "address": Counts.ADDRESS,
    "block": Counts.LENGTHENS_BLOCK,
}

MARY = Account(name="mary@mydomain.com", secret=PlaintextSecret(b"secret"))
GONE = msgspec.structs.replace(MARY, disabled=True)


def rows(table: str) -> dict[str, list[str]]:
    """The rows by their first cell."""
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n"))
    return {first: others for first, *others in cells if others}


def replies(answer: Answer) -> list[str]:
    """How each protocol answers, without its texts."""
    error = imap_refused(answer)
    imap = error.condition.decode() + (f" [{error.code}]" if error.code is not None else "")
    sign, *code = pop3_refused(answer).data.decode().split()[:2]
    pop3 = " ".join([sign, *(word for word in code if word.startswith("["))])
    smtp = smtp_refused(answer)
    http = "–" if answer is Answer.ALREADY_AUTHENTICATED else http_status(answer)
    return [imap, pop3, f"{smtp.code} {smtp.enhanced}", http]


def http_status(answer: Answer) -> str:
    """The status of a response to Basic credentials."""
    client = Client(Service.HTTP, "http", 80, "s", "192.0.2.1", 1)
    connection = Connection(client, CLEARTEXT, Policy, key=b"")
    request = Request(method="GET", path=(), connection=connection, client=client, hop=CLEARTEXT)
    return str(http_refusal(answer, request, 401).status)


@pytest.mark.parametrize("decision", Decision)
def test_a_decision_is_recorded_counted_and_answered_as_the_tables_say(decision: Decision) -> None:
    answered, result, counts, exposure = rows(DECISIONS)[decision.name]
    row = decision.value
    assert row.result.value == result
    assert row.counts is COUNTS[counts]
    assert row.exposure is Exposure[exposure.upper()]
    if decision is Decision.SUCCESS:
        assert row.answer is Answer.SUCCESS
    else:
        assert replies(row.answer) == rows(REPLIES)[answered]


def test_every_decision_and_every_reply_has_its_row() -> None:
    assert rows(DECISIONS).keys() == Decision.__members__.keys()
    assert {answered for answered, *_ in rows(DECISIONS).values()} == {"–", *rows(REPLIES)}
    assert {decision.value.answer for decision in Decision} == set(Answer)


def test_a_blocked_address_and_a_disabled_account_look_like_a_wrong_password() -> None:
    """Nobody learns from a reply that a password is right, or that an account exists."""
    alike = (Decision.NO_SUCH_ACCOUNT, Decision.WRONG_SECRET, Decision.BLOCKED, Decision.DISABLED)
    assert {decision.value.answer for decision in alike} == {Answer.BAD_CREDENTIALS}


@pytest.mark.parametrize(
    ("account", "right", "acts_for_itself", "decided"),
    [
        (None, None, True, Decision.TOO_MANY_CHECKS),
        (MARY, None, False, Decision.TOO_MANY_CHECKS),
        (None, False, True, Decision.NO_SUCH_ACCOUNT),
        (None, True, True, Decision.NO_SUCH_ACCOUNT),
        (MARY, False, False, Decision.WRONG_SECRET),
        (GONE, False, True, Decision.WRONG_SECRET),
        (GONE, True, False, Decision.DISABLED),
        (MARY, True, False, Decision.DENIED),
        (MARY, True, True, Decision.SUCCESS),
    ],
)
def test_what_comes_first_decides(
    account: Account | None, right: bool | None, acts_for_itself: bool, decided: Decision
) -> None:
    """RFC 4616 §2: an authorization identity is another matter than the proof, and comes last."""
    assert decide(account, right=right, acts_for_itself=acts_for_itself) is decided


@pytest.mark.parametrize(
    ("logged_in", "cleartext_refused", "decided"),
    [
        (True, True, Decision.ALREADY_AUTHENTICATED),
        (True, False, Decision.ALREADY_AUTHENTICATED),
        (False, True, Decision.CLEARTEXT_REFUSED),
        (False, False, Decision.NOT_OFFERED),
    ],
)
def test_what_may_not_be_tried_is_refused_for_one_reason(
    logged_in: bool, cleartext_refused: bool, decided: Decision
) -> None:
    """RFC 3501 §6.2.3: a mechanism that is withheld from the clear is not an unknown one."""
    assert refuse(logged_in=logged_in, cleartext_refused=cleartext_refused) is decided
