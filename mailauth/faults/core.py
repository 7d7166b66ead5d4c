"""A protocol core that does something wrong: what the true core says is changed on its way out."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mailauth.faults.admission import FaultyAdmission
from mailauth.faults.catalogue import SLOW_SECONDS, Fault
from mailauth.faults.wording import Wording
from mailauth.login.ended import Ended, Ending
from mailauth.login.session import LoginSession
from mailauth.wire.effects import Await, Close, Core, Effect, StartTls, Stream, Write
from mailauth.wire.pending import Pending

TEMPTATION_SECONDS = 0.5  # that an answer is held back while an injected reply lies there

# How connections end whose client was taken in.
BELIEFS = (Ended.WENT_ON_BEHIND_PREAUTH, Ended.TOOK_A_CLEARTEXT_REPLY)

_PLEASANTRIES = frozenset({b"CAPABILITY", b"ID", b"LOGOUT", b"NOOP", b"STARTTLS"})

Rewrite = Callable[[bytes], bytes]


class Later(Protocol):
    """Calls something so many seconds from now."""

    def __call__(self, seconds: float, what: Callable[[], None], /) -> object: ...


class FaultyCore:
    """Does wrong what `faults` say around a core, and else what that core does (`effects.Core`).

    What a client makes of a fault without attempting a login is recorded as the connection's end.
    Where a reply was injected, the true answer to what is said first inside TLS is held back for a
    while: a client that says more meanwhile has taken the injected reply for it. `changed` is
    called to be asked for news.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        core: Core,
        session: LoginSession,
        admission: FaultyAdmission,
        wording: Wording,
        later: Later,
        changed: Callable[[], None],
    ) -> None:
        self._faults = frozenset(faults)
        self._core = core
        self._session = session
        self._admission = admission
        self._wording = wording
        self._later = later
        self._changed = changed
        self._tempts = False  # an injected reply lies there to be taken for an answer
        self._held_back: list[Effect] = []  # the true answer
        self._is_time = True  # to give it

    def connected(self) -> list[Effect]:
        """Greet."""
        effects = self._twisted(self._core.connected)
        return _rewritten(effects, self._wording.preauth) if self._is(Fault.PREAUTH) else effects

    def receive(self, data: bytes) -> list[Effect]:
        """Take what came."""
        if data and (self._held_back or (self._tempts and data.count(b"\n") > 1)):
            self._held_back = []
            self._session.ended(Ending(Ended.TOOK_A_CLEARTEXT_REPLY))
            return [Close()]
        if self._is(Fault.PREAUTH):
            self._look_at(data)
        effects = self._twisted(lambda: self._core.receive(data))
        if self._tempts and effects:
            self._tempts, self._is_time, self._held_back = False, False, effects
            self._later(TEMPTATION_SECONDS, self._release)
            return []
        return effects

    def tls_established(self) -> list[Effect]:
        """The handshake has completed."""
        self._tempts = self._is(Fault.RESPONSE_INJECTION) or self._is(Fault.NEGATIVE_INJECTION)
        return self._twisted(self._core.tls_established)

    def notified(self) -> list[Effect]:
        """Pass it on, or give the answer that was held back."""
        if not self._held_back:
            return self._core.notified()
        if not self._is_time:
            return []
        effects, self._held_back = self._held_back, []
        return effects

    def timed_out(self) -> list[Effect]:
        """Pass it on."""
        return self._core.timed_out()

    def shutting_down(self) -> list[Effect]:
        """Pass it on."""
        return self._core.shutting_down()

    def failed(self) -> list[Effect]:
        """Pass it on."""
        return self._core.failed()

    def lost(self) -> None:
        """Pass it on."""
        self._core.lost()

    def _is(self, fault: Fault) -> bool:
        return fault in self._faults

    def _look_at(self, data: bytes) -> None:
        """Note what a client does that believes to be logged in without a login."""
        _, _, command = data.partition(b" ")
        verb = command[:16].split(maxsplit=1)[:1]
        if verb and verb[0].isalpha() and verb[0].upper() not in _PLEASANTRIES:
            name = verb[0].upper().decode("ascii", "replace")
            self._session.ended(Ending(Ended.WENT_ON_BEHIND_PREAUTH, name))

    def _twisted(self, ask: Callable[[], list[Effect]]) -> list[Effect]:
        """Ask the core, and change what it says."""
        before = self._standing()
        effects = ask()
        turned_away = self._admission.take()
        if turned_away and self._is(Fault.DROP_MID_AUTH):
            effects = [Close()]
        if self._is(Fault.CAPABILITY_LIE) and self._session.account is None:
            effects = _rewritten(effects, self._wording.lying)
        rewrite = self._rewrite(effects, turned_away=turned_away)
        if rewrite is not None:
            effects = _last_rewritten(effects, rewrite)
        if self._is(Fault.REFUSED) or self._is(Fault.ACCEPTED_THEN_CLEARTEXT):
            effects = [effect for effect in effects if not isinstance(effect, StartTls)]
        if effects and isinstance(last := effects[-1], Await):
            effects[-1] = Await(last.pending, lambda value: self._resumed(last, value))
        elif self._is(Fault.SLOW) and before != self._standing():
            return [self._after(SLOW_SECONDS, effects)]
        return effects

    def _resumed(self, awaited: Await, value: Any) -> list[Effect]:
        return self._twisted(lambda: awaited.resume(value))

    def _standing(self) -> tuple[object, ...]:
        """How far the session is: it changes when a login was decided."""
        session = self._session
        return session.evidence.attempted, session.failures, session.account

    def _rewrite(self, effects: list[Effect], *, turned_away: bool) -> Rewrite | None:
        starts_tls = any(isinstance(effect, StartTls) for effect in effects)
        if starts_tls and self._is(Fault.REFUSED):
            return self._wording.refusing_tls
        if starts_tls and self._is(Fault.RESPONSE_INJECTION):
            return self._wording.injecting
        if starts_tls and self._is(Fault.NEGATIVE_INJECTION):
            return self._wording.injecting_no
        if starts_tls and self._is(Fault.UNTAGGED_INJECTION):
            return self._wording.injecting_untagged
        if turned_away and self._is(Fault.WRONG_CODE):
            return self._wording.wrong_code
        return None

    def _after(self, seconds: float, effects: list[Effect]) -> Await:
        elapsed: Pending[None] = Pending()
        self._later(seconds, lambda: elapsed.resolve(None))
        return Await(elapsed, lambda _: effects)

    def _release(self) -> None:
        self._is_time = True
        self._changed()


def _rewritten(effects: list[Effect], rewrite: Rewrite) -> list[Effect]:
    return [_rewritten_effect(effect, rewrite) for effect in effects]


def _rewritten_effect(effect: Effect, rewrite: Rewrite) -> Effect:
    match effect:
        case Write(data):
            return Write(rewrite(data))
        case Stream(chunks):
            return Stream(map(rewrite, chunks))
        case _:
            return effect


def _last_rewritten(effects: list[Effect], rewrite: Rewrite) -> list[Effect]:
    """Rewrite what is said last; before it stand the answers to commands that came along."""
    for position in reversed(range(len(effects))):
        if isinstance(effects[position], Write):
            return [
                *effects[:position],
                *_rewritten(effects[position : position + 1], rewrite),
                *effects[position + 1 :],
            ]
    return effects
