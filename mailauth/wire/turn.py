"""One turn of a core: as many commands as can be answered at once."""

from collections.abc import Callable

from mailauth.wire.effects import Await, Close, Effect, StartTls, Stream, Write

MAX_UNSENT = 65_536  # octets of answers before the client has to take them

_STOPPING = (Await, Stream, StartTls, Close)


def take_turn(step: Callable[[], list[Effect] | None]) -> list[Effect]:
    """Carry out steps until one has to be waited for, or there is no whole command left (`None`).

    A client that asks for more than `MAX_UNSENT` octets has to take them before it is heard again.
    """
    effects: list[Effect] = []
    unsent = 0
    while (done := step()) is not None:
        effects += done
        if any(isinstance(effect, _STOPPING) for effect in done):
            break
        unsent += sum(len(effect.data) for effect in done if isinstance(effect, Write))
        if unsent > MAX_UNSENT:
            said = [effect.data for effect in effects if isinstance(effect, Write)]
            others = [effect for effect in effects if not isinstance(effect, Write)]
            return [*others, Stream(iter(said))]
    return effects
