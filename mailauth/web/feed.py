"""The events as they are recorded, for those who read on from a number."""

from collections import deque

import msgspec

from mailauth.login.event import LoginEvent
from mailauth.web.selection import Selection

KEPT = 4096  # events in memory


class Batch(msgspec.Struct, frozen=True):
    """Events in the order of their numbers, and the number to read on from."""

    events: list[LoginEvent]
    cursor: int


class Feed:
    """The newest events; a sink of the recorder. `newest` is the number of the last one."""

    def __init__(self, newest: int = 0) -> None:
        self.newest = newest
        self._events: deque[LoginEvent] = deque(maxlen=KEPT)

    def publish(self, event: LoginEvent) -> None:
        """Take an event that stands in the record."""
        self._events.append(event)
        self.newest = event.seq

    def after(self, seq: int, limit: int, wanted: Selection) -> Batch:
        """Return the first `limit` events wanted behind a number."""
        events = []
        for event in self._events:
            if event.seq > seq and wanted.wants(event):
                events.append(event)
                if len(events) == limit:
                    return Batch(events, event.seq)
        return Batch(events, max(seq, self.newest))
