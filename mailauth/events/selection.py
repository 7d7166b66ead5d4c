"""Which events somebody wants, and what is handed on of them."""

import msgspec

from mailauth.login.event import Kind, LoginEvent, Protocol, Result


class Batch(msgspec.Struct, frozen=True):
    """Events in the order of their numbers, and the number to read on from."""

    events: list[LoginEvent]
    cursor: int


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What must be true of an event; `None` leaves a thing open. `user` is a canonical name."""

    kind: Kind | None = None
    result: Result | None = None
    protocol: Protocol | None = None
    secure: bool | None = None
    user: str | None = None

    def wants(self, event: LoginEvent) -> bool:
        """Say whether the event is one of them."""
        return (
            (self.kind is None or event.kind is self.kind)
            and (self.result is None or event.result is self.result)
            and (self.protocol is None or event.protocol is self.protocol)
            and (self.secure is None or event.secure is self.secure)
            and (self.user is None or event.user == self.user)
        )
