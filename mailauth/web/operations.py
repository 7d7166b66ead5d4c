"""What the console shows and changes in the running server, which the server implements."""

from collections.abc import Sequence
from typing import Protocol

from mailauth.faults import Fault
from mailauth.login.accounts import Account
from mailauth.login.policy import Cleartext
from mailauth.net.open_connections import OpenConnection
from mailauth.record.timing import RecordTimes
from mailauth.setup.services import OfferedService, ReporterState


class Operations(Protocol):
    """The running server."""

    def services(self) -> Sequence[OfferedService]:
        """Return the listeners and their current state."""

    def reporters(self) -> Sequence[ReporterState]:
        """Return the reporters and their current state."""

    async def connections(self) -> Sequence[OpenConnection]:
        """Return the connections that are open now."""

    async def settled(self) -> None:
        """Return when everything that clients have sent until now has been processed."""

    async def reset_mail(self) -> None:
        """Reset the mail in memory to its initial state; Maildirs are not changed."""

    async def record_times(self) -> RecordTimes:
        """Return how long it took to write the records of this server."""

    async def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Allow or refuse cleartext logins on a listener. Raises `LookupError`."""

    async def set_faults(self, listener: str, faults: tuple[Fault, ...]) -> None:
        """Set the faults of a listener.

        Raises `LookupError`, and `ConfigError` for faults that it cannot have.
        """

    async def forget_repeats(self) -> None:
        """Record the failures of every address singly again, until it repeats them."""

    async def clear_faults(self) -> None:
        """Reset the faults of every listener to those of the configuration."""

    async def set_disabled(self, account: Account, *, disabled: bool) -> None:
        """Disable or enable an account until the server stops."""

    def ca_certificate(self) -> bytes | None:
        """Return the CA that clients must trust, in PEM, or `None` if it is not ours."""
