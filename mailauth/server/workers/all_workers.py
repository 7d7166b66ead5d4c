"""What the console and the API ask of all processes, or tell them, as if there were only one."""

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, gatherResults

from mailauth.faults import Fault
from mailauth.login.accounts import Account
from mailauth.login.exposure import ExposureChecks
from mailauth.login.policy import Cleartext
from mailauth.net.awaiting import arrival
from mailauth.net.open_connections import OpenConnection
from mailauth.record.timing import RecordTimes
from mailauth.server.operations import RunningOperations
from mailauth.server.workers.orders import (
    Drain,
    ForgetRepeats,
    Look,
    SetDisabled,
    SetListener,
    Settle,
    Snapshot,
)
from mailauth.server.workers.supervisor import Supervisor
from mailauth.setup.services import OfferedService, ReporterState
from mailauth.wire.pending import Pending


class AllWorkersOperations:
    """The `web.operations.Operations` of a server with workers; `own` are the parent's."""

    def __init__(self, own: RunningOperations, supervisor: Callable[[], Supervisor]) -> None:
        self._own = own
        self._supervisor = supervisor
        self._times: dict[int, RecordTimes] = {}  # by number of the worker, if known
        self._times_of_the_gone = RecordTimes()

    def services(self) -> list[OfferedService]:
        """The services on their actual ports."""
        return self._own.services()

    def reporters(self) -> Sequence[ReporterState]:
        """The reporters, all of them the parent's."""
        return self._own.reporters()

    async def connections(self) -> list[OpenConnection]:
        """The connections that are open now, in all processes."""
        connections = await self._own.connections()
        for seen in await self._look():
            connections += seen.connections
        return connections

    async def settled(self) -> None:
        """Return when what clients have sent until now has been processed, in all processes."""
        await self._supervisor().ask(Settle())
        await self._own.settled()

    async def reset_mail(self) -> None:
        """Keep the mail of workers, which is in Maildirs."""

    async def record_times(self) -> RecordTimes:
        """How long it took all processes to write their records."""
        await self._look()
        return sum(self._times.values(), await self._own.record_times() + self._times_of_the_gone)

    async def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Allow or refuse cleartext logins on a listener. Raises `LookupError`."""
        await self._own.set_cleartext(listener, cleartext)
        await self._tell_of_listeners()

    async def set_faults(self, listener: str, faults: tuple[Fault, ...]) -> None:
        """Set the deliberate faults of a listener.

        Raises `LookupError`, and `ConfigError` for faults that it cannot have.
        """
        await self._own.set_faults(listener, faults)
        await self._tell_of_listeners()

    async def clear_faults(self) -> None:
        """Reset the faults of all listeners to the configuration."""
        await self._own.clear_faults()
        await self._tell_of_listeners()

    async def forget_repeats(self) -> None:
        """Record the failures of every address singly again, in all processes."""
        await self._own.forget_repeats()
        await self._supervisor().ask(ForgetRepeats())

    async def set_disabled(self, account: Account, *, disabled: bool) -> None:
        """Disable or enable an account until the server stops."""
        await self._own.set_disabled(account, disabled=disabled)
        await self._supervisor().ask(SetDisabled(account.name, disabled))

    def ca_certificate(self) -> bytes | None:
        """The CA that clients must trust, in PEM, or `None` if it is not ours."""
        return self._own.ca_certificate()

    def worker_ended(self, place: int) -> None:
        """Keep the last counts of a worker that has ended, since totals never decrease."""
        self._times_of_the_gone += self._times.pop(place, RecordTimes())

    async def _tell_of_listeners(self) -> None:
        """Return when all processes have the parent's settings of the listeners."""
        orders = (SetListener(each.name, each.cleartext, each.faults) for each in self.services())
        await gatherResults(
            [Deferred.fromCoroutine(self._supervisor().ask(order)) for order in orders]
        )

    async def _look(self) -> list[Snapshot]:
        answers = await self._supervisor().ask(Look())
        seen = {place: each for place, each in answers.items() if isinstance(each, Snapshot)}
        self._times |= {place: each.times for place, each in seen.items()}
        return list(seen.values())


class AllWorkersChecks:
    """`ExposureChecks` that are drained when those of all processes are."""

    def __init__(self, own: ExposureChecks, supervisor: Callable[[], Supervisor]) -> None:
        self._own = own
        self._supervisor = supervisor

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Let the parent check the password itself."""
        self._own.check(account, password, found)

    def drained(self) -> Pending[None]:
        """Return when the checks that are now open in any process are finished and recorded."""
        drained: Pending[None] = Pending()

        async def wait() -> None:
            await self._supervisor().ask(Drain())
            await arrival(self._own.drained())
            drained.resolve(None)

        Deferred.fromCoroutine(wait())
        return drained
