"""What the console queries and changes in the running server."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mailauth.faults import Fault
from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.changes import set_disabled
from mailauth.login.policy import Cleartext
from mailauth.net.connection import MailConnection
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.net.open_connections import OpenConnection
from mailauth.record.timing import RecordTimes
from mailauth.setup.services import OfferedService, ReporterState, services_of


class RunningOperations:
    """The `web.operations.Operations` of a server. `ca` is its current CA.

    `times` are those of its recorder, `quiet` returns when nothing is left to be read, and `forget`
    makes the recorder record repeated failures singly again. A process with reporters sets
    `reporter_states`.
    """

    def __init__(
        self,
        listeners: Sequence[Listener],
        authority: Authority,
        ca: Callable[[], Path | None],
        times: RecordTimes,
        quiet: Callable[[], Awaitable[None]],
        forget: Callable[[], None],
        reset_mail: Callable[[], None],
    ) -> None:
        self.reporter_states: Callable[[], Sequence[ReporterState]] = tuple
        self._reset_mail = reset_mail
        self._quiet = quiet
        self._listeners = listeners
        self._authority = authority
        self._ca = ca
        self._times = times
        self._forget = forget

    def services(self) -> list[OfferedService]:
        """The services on their actual ports."""
        return services_of(
            msgspec.structs.replace(listener.config, port=listener.port)
            for listener in self._listeners
        )

    def reporters(self) -> Sequence[ReporterState]:
        """The reporters on their actual ports."""
        return self.reporter_states()

    async def connections(self) -> list[OpenConnection]:
        """The connections that are open now."""
        return [
            _described(link, since)
            for listener in self._listeners
            for link, since in listener.links.items()
        ]

    async def settled(self) -> None:
        """Return when everything that clients have sent until now has been processed."""
        await self._quiet()

    async def reset_mail(self) -> None:
        """Reset mail in memory to the initial mail; Maildirs stay as they are."""
        self._reset_mail()

    async def record_times(self) -> RecordTimes:
        """How long it took to write the records."""
        return self._times

    async def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Allow or refuse cleartext logins on a listener. Raises `LookupError`."""
        self._listener(listener).set_cleartext(cleartext)

    async def set_faults(self, listener: str, faults: tuple[Fault, ...]) -> None:
        """Set the deliberate faults of a listener.

        Raises `LookupError`, and `ConfigError` for faults that it cannot have.
        """
        self._listener(listener).set_faults(faults)

    async def clear_faults(self) -> None:
        """Reset the faults of all listeners to the configuration."""
        for each in self._listeners:
            each.set_faults(each.configured_faults)

    async def forget_repeats(self) -> None:
        """Record the failures of every address singly again, until it repeats them."""
        self._forget()

    def _listener(self, name: str) -> Listener:
        for each in self._listeners:
            if each.config.name == name:
                return each
        raise LookupError(name)

    async def set_disabled(self, account: Account, *, disabled: bool) -> None:
        """Disable or enable an account until the server stops."""
        set_disabled(self._authority, account.name, disabled=disabled)

    def ca_certificate(self) -> bytes | None:
        """The CA that clients must trust, in PEM, or `None` if it is not ours."""
        ca = self._ca()
        return None if ca is None else ca.read_bytes()


def _described(link: Link, since: float) -> OpenConnection:
    client, hop = link.client_facts()
    user = name = None
    if isinstance(link.application, MailConnection):
        session = link.application.session
        user = session.account.name if session.account is not None else None
        name = session.evidence.client_name
    return OpenConnection(
        session=client.session,
        listener=client.listener,
        protocol=client.protocol,
        ip=client.ip,
        port=client.port,
        peer=client.peer,
        secure=hop.secure,
        since=datetime.fromtimestamp(since, UTC),
        user=user,
        client_name=name,
    )
