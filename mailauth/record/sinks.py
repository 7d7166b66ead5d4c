"""Sinks, which receive recorded events: independent of each other, and after the record."""

from typing import Protocol

from twisted.logger import Logger

from mailauth.login.event import LoginEvent

log = Logger()


class Sink(Protocol):
    """Receives recorded events; it must not block, and cannot change anything."""

    def publish(self, event: LoginEvent) -> None:
        """Take an event that has been recorded."""


class Sinks:
    """Sinks for the same events. A failure of one is counted and does not affect the others."""

    def __init__(self) -> None:
        self.failures = 0
        self._sinks: list[Sink] = []
        self._failed: set[int] = set()

    def add(self, sink: Sink) -> None:
        """Add a sink for what is recorded from now on."""
        self._sinks.append(sink)

    def remove(self, sink: Sink) -> None:
        """Remove a sink."""
        self._sinks.remove(sink)

    def publish(self, event: LoginEvent) -> None:
        """Publish the event to all sinks."""
        for sink in tuple(self._sinks):
            try:
                sink.publish(event)
            except Exception:  # noqa: BLE001 - others must not fail with it
                self.failures += 1
                if id(sink) not in self._failed:
                    self._failed.add(id(sink))
                    log.failure("A sink failed; only its first failure is logged")
