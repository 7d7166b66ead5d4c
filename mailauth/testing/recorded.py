"""Recorded events: selecting them, and showing them in failed assertions."""

from collections.abc import Iterable, Sequence

import msgspec

from mailauth.config.errors import printable
from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.record.line import escape


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Conditions for a login or an attempt; `None` matches everything.

    `user` is the account, or the name that the client gave if there is none. `account` is the
    account that a short name in `user` means.
    """

    user: str | None = None
    account: str | None = None
    protocol: Service | None = None
    secure: bool | None = None

    def wants(self, event: LoginEvent) -> bool:
        """Return whether the event matches."""
        return (
            (self.user is None or self._means(_name(event) or ""))
            and (self.protocol is None or event.protocol is self.protocol)
            and (self.secure is None or event.secure is self.secure)
        )

    def _means(self, name: str) -> bool:
        return name.casefold() in {
            known.casefold() for known in (self.user, self.account) if known is not None
        }

    def __str__(self) -> str:
        parts = []
        if self.secure is not None:
            parts.append("secure" if self.secure else "unsecure")
        if self.protocol is not None:
            parts.append(self.protocol.value)
        parts.append("login")
        if self.user is not None:
            parts.append(f"of {self.user}")
        return " ".join(parts)


class RecordedEvent(LoginEvent, frozen=True, kw_only=True):
    """A record as failed assertions show it: on one line, with the important facts first."""

    def __repr__(self) -> str:
        return f"<{described(self)}>"


def protocol_named(name: str) -> Service:
    """Return the protocol of that name, in any letter case. Raises `ValueError`."""
    try:
        return Service(name.upper())
    except ValueError:
        known = ", ".join(Service)
        raise ValueError(f'unknown protocol "{name}": expected one of {known}') from None


def is_login(event: LoginEvent) -> bool:
    """Return whether it is a successful login."""
    return event.kind is Kind.LOGIN and event.result is Result.SUCCESS


def listed(events: Iterable[LoginEvent]) -> str:
    """Show events in the order of their recording, one per line."""
    lines = [f"  {described(event)}" for event in events]
    return "\n".join(lines) if lines else "  nothing"


def described(event: LoginEvent) -> str:
    """Show an event on one line, safe for a terminal."""
    protocol = event.protocol.value if event.protocol is not None else "-"
    verdict = "-" if event.secure is None else "{SECURE}" if event.secure else "{UNSECURE}"
    parts = [event.at.replace(tzinfo=None).isoformat(" ", "milliseconds"), f"[{protocol}]", verdict]
    match event.kind:
        case Kind.LOGIN:
            assert event.result is not None
            name = _name(event)
            parts += [event.result.value, "-" if name is None else escape(name)]
        case Kind.CONNECTION | Kind.CLIENT | Kind.ACCOUNT:
            parts.append(event.kind.value)
            if event.user is not None:
                parts.append(escape(event.user))
    parts += _details(event)
    return " ".join(parts)


def _details(event: LoginEvent) -> Sequence[str]:
    details = []
    if event.mechanism is not None:
        details.append(event.mechanism)
    if event.listener is not None:
        details.append(f"on {event.listener} ({event.tls_version or 'cleartext'})")
    if event.client_name is not None:
        details.append(f'by "{escape(event.client_name)}"')
    if event.exposed:
        details.append("PASSWORD EXPOSED")
    if event.count > 1:
        details.append(f"{event.count} times")
    if event.reason is not None:
        details.append(f"({printable(event.reason)})")
    return details


def _name(event: LoginEvent) -> str | None:
    return event.user if event.user is not None else event.authcid
