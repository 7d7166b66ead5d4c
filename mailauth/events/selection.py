"""Selects events, and returns them in batches."""

import msgspec

from mailauth.login.event import Kind, LoginEvent, Result, Service


class Batch(msgspec.Struct, frozen=True):
    """Events in order of their numbers, and the number from which to continue."""

    events: list[LoginEvent]
    cursor: int


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Criteria for events; `None` matches anything. `user` is a canonical name.

    `unknown` is for logins without a verdict, which only another server's log has.
    """

    kind: Kind | None = None
    result: Result | None = None
    protocol: Service | None = None
    secure: bool | None = None
    unknown: bool = False
    user: str | None = None

    def wants(self, event: LoginEvent) -> bool:
        """Return whether the event meets the criteria."""
        return (
            (self.kind is None or event.kind is self.kind)
            and (self.result is None or event.result is self.result)
            and (self.protocol is None or event.protocol is self.protocol)
            and (self.secure is None or event.secure is self.secure)
            and (not self.unknown or (event.kind is Kind.LOGIN and event.secure is None))
            and (self.user is None or event.user == self.user)
        )
