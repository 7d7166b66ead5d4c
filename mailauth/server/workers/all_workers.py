"""What the console and the API ask of all processes, and tell them, as if there were one."""

from collections.abc import Callable

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
from mailauth.setup.services import OfferedService
from mailauth.wire.pending import Pending


class AllWorkersOperations:
    """The `web.operations.Operations` of a server with workers; `own` are the parent's."""

    def __init__(self, own: RunningOperations, supervisor: Callable[[], Supervisor]) -> None:
        self._own = own
        self._supervisor = supervisor
        self._times: dict[int, RecordTimes] = {}  # by place, as far as they are known
        self._times_of_the_gone = RecordTimes()

    def services(self) -> list[OfferedService]:
        """What is served, on the ports as they are."""
        return self._own.services()

    async def connections(self) -> list[OpenConnection]:
        """The connections that are open now, in all processes."""
        connections = await self._own.connections()
        for seen in await self._look():
            connections += seen.connections
        return connections

    async def settled(self) -> None:
        """Return when what clients have sent until now has been dealt with, in all processes."""
        await self._supervisor().ask(Settle())
        await self._own.settled()

    async def reset_mail(self) -> None:
        """Leave the mail of workers as it is: it is in Maildirs."""

    async def record_times(self) -> RecordTimes:
        """How long it took all processes to write their records."""
        await self._look()
        return sum(self._times.values(), await self._own.record_times() + self._times_of_the_gone)

    async def set_cleartext(self, listener: str, cleartext: Cleartext) -> None:
        """Permit or refuse cleartext logins on a listener; raises `LookupError`."""
        await self._own.set_cleartext(listener, cleartext)
        await self._tell_of_listeners()

    async def set_faults(self, listener: str, faults: tuple[Fault, ...]) -> None:
        """Have a listener do this wrong on purpose, and nothing else.

        Raises `LookupError`, and `ConfigError` for faults that it cannot have.
        """
        await self._own.set_faults(listener, faults)
        await self._tell_of_listeners()

    async def clear_faults(self) -> None:
        """Have every listener do what the configuration says."""
        await self._own.clear_faults()
        await self._tell_of_listeners()

    async def forget_repeats(self) -> None:
        """Record what every address does singly again, in all processes."""
        await self._own.forget_repeats()
        await self._supervisor().ask(ForgetRepeats())

    async def set_disabled(self, account: Account, *, disabled: bool) -> None:
        """Disable an account, or enable it, for as long as the server runs."""
        await self._own.set_disabled(account, disabled=disabled)
        await self._supervisor().ask(SetDisabled(account.name, disabled))

    def ca_certificate(self) -> bytes | None:
        """The CA that clients must trust, in PEM; `None` where it is not one of ours."""
        return self._own.ca_certificate()

    def worker_ended(self, place: int) -> None:
        """Keep what a worker was last known to have done: what is counted never decreases."""
        self._times_of_the_gone += self._times.pop(place, RecordTimes())

    async def _tell_of_listeners(self) -> None:
        """Return when the listeners stand as ours do, in all processes."""
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
    """`ExposureChecks` that are drained when all processes have drained theirs."""

    def __init__(self, own: ExposureChecks, supervisor: Callable[[], Supervisor]) -> None:
        self._own = own
        self._supervisor = supervisor

    def check(
        self, account: Account, password: bytes, found: Callable[[bool | None], None]
    ) -> None:
        """Have the parent's own check."""
        self._own.check(account, password, found)

    def drained(self) -> Pending[None]:
        """Tell when the checks that are open now, in any process, are done and recorded."""
        drained: Pending[None] = Pending()

        async def wait() -> None:
            await self._supervisor().ask(Drain())
            await arrival(self._own.drained())
            drained.resolve(None)

        Deferred.fromCoroutine(wait())
        return drained
