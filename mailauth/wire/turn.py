"""One turn of a core: it executes the commands that can be answered now."""

from collections.abc import Callable

from mailauth.wire.effects import Await, Close, Effect, StartTls, Stream, Write

MAX_UNSENT = 65_536  # octets of replies that may be waiting for the client

_STOPPING = (Await, Stream, StartTls, Close)


def take_turn(step: Callable[[], list[Effect] | None]) -> list[Effect]:
    """Execute steps until one must be awaited or no complete command is left (`None`).

    After more than `MAX_UNSENT` octets, the client must read them before it is served again.
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
    """Return the effects with a `Stream`, so that the client must read it first."""
    said = [effect.data for effect in effects if isinstance(effect, Write)]
    others = [effect for effect in effects if not isinstance(effect, Write)]
    return [*others, Stream(iter(said))]
