"""Who hears of what was recorded: each apart from the others, and never before the record."""

from typing import Protocol

from twisted.logger import Logger

from mailauth.login.event import LoginEvent

log = Logger()


class Sink(Protocol):
    """Who wants to hear of what was recorded: it must not block, and cannot change anything."""

    def publish(self, event: LoginEvent) -> None:
        """Take an event that stands in the record."""


class Sinks:
    """Sinks that hear of the same events. One that fails is counted, and harms nobody."""

    def __init__(self) -> None:
        self.failures = 0
        self._sinks: list[Sink] = []
        self._failed: set[int] = set()

    def add(self, sink: Sink) -> None:
        """Let a sink hear of what is recorded from now on."""
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Let a sink hear no more."""
        self._sinks.remove(sink)

    def publish(self, event: LoginEvent) -> None:
        """Tell them all."""
        for sink in tuple(self._sinks):
            try:
                sink.publish(event)
            except Exception:  # noqa: BLE001 - a sink may fail alone
                self.failures += 1
                if id(sink) not in self._failed:
                    self._failed.add(id(sink))
                    log.failure("A sink failed; only its first failure is logged")
