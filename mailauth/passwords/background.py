"""Checking after the reply whether a refused password was correct, and is therefore exposed."""

from collections.abc import Callable
from typing import Protocol

from mailauth.login.accounts import Account
from mailauth.login.secrets import Occasion
from mailauth.wire.pending import Pending

PATIENCE = 1.0  # seconds; a check that takes longer is recorded as unknown


class Timer(Protocol):
    """A delayed call that can be cancelled."""

    def cancel(self) -> object:
        """Cancel the call."""


class BackgroundChecks:
    """`ExposureChecks` that use the verifier's low-priority queue.

    `call_later` is the reactor's: it takes seconds and a function, and returns a `Timer`.
    """

    def __init__(self, call_later: Callable[[float, Callable[[], None]], Timer]) -> None:
        self._call_later = call_later
        self._open: dict[object, Callable[[bool | None], None]] = {}
        self._waiting: list[tuple[set[object], Pending[None]]] = []

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Call `found` within `PATIENCE`: whether the password is correct (`None`: unknown)."""
        matched = account.matches(password, Occasion.ASIDE)
        if not isinstance(matched, Pending):
            found(matched)
            return
        key = object()
        self._open[key] = found
        timer = self._call_later(PATIENCE, lambda: self._close(key, None))

        def answered(right: bool | None) -> None:
            if key in self._open:
                timer.cancel()
                self._close(key, right)

        matched.listen(answered)

    def drained(self) -> Pending[None]:
        """Return when all checks that are now open are finished."""
        drained: Pending[None] = Pending()
        if self._open:
            self._waiting.append((set(self._open), drained))
        else:
            drained.resolve(None)
        return drained

    def give_up(self) -> None:
        """End every open check as unknown, since the server stops."""
        for key in list(self._open):
            self._close(key, None)

    def _close(self, key: object, right: bool | None) -> None:
        self._open.pop(key)(right)
        for keys, drained in list(self._waiting):
            keys.discard(key)
            if not keys:
                self._waiting.remove((keys, drained))
                drained.resolve(None)
