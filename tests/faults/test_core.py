"""A core with faults, in memory: who is found out, and who is not."""

from collections.abc import Callable

import pytest

from mailauth.faults import Fault
from mailauth.faults.admission import FaultyAdmission
from mailauth.faults.core import TEMPTATION_SECONDS, FaultyCore
from mailauth.faults.wording import SmtpWording
from mailauth.login.event import Service
from mailauth.mailbox.memory import MemoryStore
from mailauth.smtp.server import SmtpServer
from mailauth.testing import Dialogue, MemoryRecorder, authority, play, session_for
from tests.support.mail import NOON, welcome

TO_TLS = """
    S: 220 localhost ESMTP …
    C: STARTTLS
    S: 220 2.0.0 Begin TLS negotiation
    S: 250-injected
    S: 250 AUTH PLAIN LOGIN
    <tls>
    C: NOOP
"""
AUTH = "AUTH PLAIN b64(\0bob\0secret)"


class Tempting:
    """A server that has injected replies, and what it waits for."""

    def __init__(self) -> None:
        self.recorder = MemoryRecorder()
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.news = 0
        admission = FaultyAdmission([Fault.RESPONSE_INJECTION], None)
        session = session_for(Service.SMTP, authority(self.recorder), admission=admission)
        core = SmtpServer(
            session,
            MemoryStore(lambda: 1, welcome),
            accounts=lambda: authority().accounts,
            now=lambda: NOON,
            hostname="localhost",
            tls_available=True,
            authentication_required=True,
        )
        faults, wording = [Fault.RESPONSE_INJECTION], SmtpWording()
        self.dialogue = Dialogue(
            FaultyCore(faults, core, session, admission, wording, self._later, self._changed),
            session,
        )

    def elapse(self) -> None:
        """Let the time of the temptation pass."""
        ((seconds, what),) = self.later
        assert seconds == TEMPTATION_SECONDS
        what()
        assert self.news == 1

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self.later.append((seconds, what))

    def _changed(self) -> None:
        self.news += 1


@pytest.fixture
def tempting() -> Tempting:
    return Tempting()


def test_who_says_more_before_the_answer_has_taken_the_injected_one(tempting: Tempting) -> None:
    play(tempting.dialogue, TO_TLS)
    play(tempting.dialogue, f"C: {AUTH}\n<closed>")
    assert tempting.recorder.attempts == []
    (ended,) = tempting.recorder.connections
    assert (ended.reason or "").startswith("took a reply sent in the clear")


def test_who_waits_for_the_answer_is_not_accused_however_quick(tempting: Tempting) -> None:
    """What comes right behind the answer, in the same turn of the reactor, was not said before."""
    play(tempting.dialogue, TO_TLS)
    assert tempting.dialogue.notify() == b"", "news of something else"
    tempting.elapse()
    play(tempting.dialogue, "<notified>\nS: 250 2.0.0 Nothing done")
    assert tempting.dialogue.send(b"EHLO client.example\r\n").startswith(b"250-")
    play(tempting.dialogue, f"C: {AUTH}\nS: 235 2.7.0 Logged in")
    assert [login.secure for login in tempting.recorder.logins] == [True]


def test_who_leaves_meanwhile_is_not_accused(tempting: Tempting) -> None:
    play(tempting.dialogue, TO_TLS)
    tempting.dialogue.lose()
    tempting.elapse()
    assert tempting.recorder.attempts == []
