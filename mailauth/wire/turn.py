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
    stopping = False
    while not stopping and (done := step()) is not None:
        effects += done
        for effect in done:
            if isinstance(effect, Write):
                unsent += len(effect.data)
            elif isinstance(effect, _STOPPING):
                stopping = True
        if unsent > MAX_UNSENT and not stopping:
            return _drained(effects)
    return effects


def _drained(effects: list[Effect]) -> list[Effect]:
    """The same, but the client has to take what is said before it is listened to again."""
    said = [effect.data for effect in effects if isinstance(effect, Write)]
    others = [effect for effect in effects if not isinstance(effect, Write)]
    return [*others, Stream(iter(said))]
