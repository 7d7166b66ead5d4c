"""The SASL dialogue on a line, down to what the record says of it."""

import base64
from datetime import UTC, datetime

import pytest

from mailauth.login import dialogue
from mailauth.login.accounts import Account, Accounts
from mailauth.login.authority import Authority
from mailauth.login.blocking import Blocking
from mailauth.login.client import Client
from mailauth.login.event import Attempt, LoginEvent, Result, Service, event_of
from mailauth.login.outcome import Answer, Challenge, Outcome
from mailauth.login.policy import Cleartext, Policy
from mailauth.login.secrets import PlaintextSecret
from mailauth.login.session import LoginSession

MARY = base64.b64encode(b"\0mary\0secret")


class Notebook:
    """A recorder that keeps what it was told; it numbers them."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    def record(self, attempt: Attempt) -> LoginEvent | None:
        """Keep the attempt."""
        self.attempts.append(attempt)
        seq, at = len(self.attempts), datetime(2020, 7, 28, tzinfo=UTC)
        return event_of(attempt, seq=seq, id=str(seq), at=at, origin="LAN")


@pytest.fixture
def notebook() -> Notebook:
    """What was recorded."""
    return Notebook()


def session(notebook: Notebook, cleartext: Cleartext = Cleartext.ALLOW) -> LoginSession:
    """A cleartext POP3 connection to a server where mary has an account."""
    accounts = Accounts([Account(name="mary", secret=PlaintextSecret(b"secret"))])
    return LoginSession(
        Client(
            protocol=Service.POP3,
            listener="pop3",
            local_port=110,
            session="1",
            ip="192.0.2.1",
            port=4711,
        ),
        Authority(accounts, notebook, Blocking(lambda: 0.0)),
        lambda: Policy(cleartext=cleartext),
    )


def test_an_exchange_begins_with_its_initial_response(notebook: Notebook) -> None:
    """RFC 5034 §4: an initial response saves a round trip."""
    step = dialogue.begin(session(notebook), b"plain", MARY)
    assert isinstance(step, Outcome)
    assert step.answer is Answer.SUCCESS


def test_without_an_initial_response_there_is_a_challenge(notebook: Notebook) -> None:
    """RFC 4616 §2: PLAIN's own challenge is empty."""
    ours = session(notebook)
    assert dialogue.begin(ours, b"PLAIN", None) == Challenge(b"")
    step = dialogue.respond(ours, MARY)
    assert isinstance(step, Outcome)
    assert step.answer is Answer.SUCCESS


@pytest.mark.parametrize(
    ("line", "result", "reason"),
    [
        (b"*", Result.CANCELLED, "cancelled by the client"),
        (b"***", Result.MALFORMED, "not base64"),
        (b"", Result.MALFORMED, "PLAIN takes authzid NUL authcid NUL password"),
    ],
)
def test_what_is_no_response_ends_the_exchange(
    notebook: Notebook, line: bytes, result: Result, reason: str
) -> None:
    """RFC 4954 §4: `*` cancels; anything but base64 is rejected."""
    ours = session(notebook)
    dialogue.begin(ours, b"PLAIN", None)
    dialogue.respond(ours, line)
    (attempt,) = notebook.attempts
    assert (attempt.result, attempt.reason, attempt.mechanism) == (result, reason, "PLAIN")


def test_policy_comes_before_the_form_of_the_initial_response(notebook: Notebook) -> None:
    """What is refused is refused, whether its response was well encoded or not."""
    dialogue.begin(session(notebook, Cleartext.REFUSE), b"PLAIN", b"!")
    dialogue.begin(session(notebook), b"NO-SUCH\xff", b"!")
    assert [(attempt.result, attempt.mechanism) for attempt in notebook.attempts] == [
        (Result.CLEARTEXT_REFUSED, "PLAIN"),
        (Result.MECHANISM_UNKNOWN, "NO-SUCH%FF"),
    ]


def test_a_malformed_initial_response_is_one_malformed_login(notebook: Notebook) -> None:
    """The record names the mechanism in its registered form."""
    step = dialogue.begin(session(notebook), b"plain", b"!")
    assert isinstance(step, Outcome)
    assert step.answer is Answer.MALFORMED
    (attempt,) = notebook.attempts
    assert (attempt.result, attempt.mechanism) == (Result.MALFORMED, "PLAIN")
