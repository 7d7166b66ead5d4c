"""A wrapper that makes a protocol core misbehave by changing its output."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mailauth.faults.admission import FaultyAdmission
from mailauth.faults.catalogue import SLOW_SECONDS, Fault
from mailauth.faults.wording import Wording
from mailauth.login.ended import Ended, Ending
from mailauth.login.session import LoginSession
from mailauth.wire.effects import Await, Close, Core, Effect, StartTls, Stream, Write
from mailauth.wire.pending import Pending

TEMPTATION_SECONDS = 0.5  # that a reply is withheld after an injected one

# Reasons for the end of a connection whose client was deceived.
BELIEFS = (Ended.WENT_ON_BEHIND_PREAUTH, Ended.TOOK_A_CLEARTEXT_REPLY)

_PLEASANTRIES = frozenset({b"CAPABILITY", b"ID", b"LOGOUT", b"NOOP", b"STARTTLS"})

Rewrite = Callable[[bytes], bytes]


class Later(Protocol):
    """Calls a function after a delay in seconds."""

    def __call__(self, seconds: float, what: Callable[[], None], /) -> object: ...


class FaultyCore:
    """Wraps a core and misbehaves as `faults` say (`effects.Core`).

    The client's reaction to a fault without a login attempt is recorded as the reason for the end
    of the connection. After an injected reply, the true reply to the first command inside TLS is
    withheld for a while: a client that continues meanwhile has accepted the injected reply.
    `changed` asks for a call of `notified`.
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
        self._tempts = False  # an injected reply is waiting for the client
        self._held_back: list[Effect] = []  # the true reply
        self._is_time = True  # to send it

    def connected(self) -> list[Effect]:
        """Greet the client."""
        effects = self._twisted(self._core.connected)
        return _rewritten(effects, self._wording.preauth) if self._is(Fault.PREAUTH) else effects

    def receive(self, data: bytes) -> list[Effect]:
        """Handle input."""
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
        """Pass it on, or send the reply that was withheld."""
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
        """Note a command of a client that believes it is logged in without a login."""
        _, _, command = data.partition(b" ")
        verb = command[:16].split(maxsplit=1)[:1]
        if verb and verb[0].isalpha() and verb[0].upper() not in _PLEASANTRIES:
            name = verb[0].upper().decode("ascii", "replace")
            self._session.ended(Ending(Ended.WENT_ON_BEHIND_PREAUTH, name))

    def _twisted(self, ask: Callable[[], list[Effect]]) -> list[Effect]:
        """Call the core, and change its output."""
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
        """Return a value that changes when a login is decided."""
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
    """Rewrite the last reply; earlier ones belong to pipelined commands."""
    for position in reversed(range(len(effects))):
        if isinstance(effects[position], Write):
            return [
                *effects[:position],
                *_rewritten(effects[position : position + 1], rewrite),
                *effects[position + 1 :],
            ]
    return effects
