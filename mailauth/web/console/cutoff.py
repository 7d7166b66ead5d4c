"""The console's rehearsal of a cut-off: what would fail if cleartext logins were refused today."""

from collections.abc import Iterable

import msgspec

from mailauth.login.event import Service
from mailauth.login.policy import Cleartext
from mailauth.report.period import Wanted
from mailauth.report.rows import Cutoff
from mailauth.setup.services import OfferedService
from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.console.listing import filters_of
from mailauth.web.exports import download
from mailauth.web.filters import given
from mailauth.web.http.message import Request, Response
from mailauth.web.reports import RowsOf, TotalsOf

SHOWN = 1000  # clients


class Rehearsal(msgspec.Struct, frozen=True):
    """The clients that would fail on one listener.

    `service` is the listener as it is now, or `None` if it no longer exists.
    """

    name: str
    protocol: Service
    port: int | None
    service: OfferedService | None
    clients: list[Cutoff]

    @property
    def accounts(self) -> int:
        """How many accounts would fail."""
        return len({client.account for client in self.clients})

    @property
    def is_refused(self) -> bool:
        """Whether cleartext logins are already refused there."""
        return self.service is not None and self.service.cleartext is Cleartext.REFUSE


async def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show what would fail, by listener, with a button to try it."""
    query = given(request.query)
    wanted: Wanted = console.filters.wanted_by_page(query, viewer)
    file = await download(query, console.reports, Cutoff, wanted)
    if file is not None:
        return file
    rows = await console.reports.answer(RowsOf(kind=Cutoff, wanted=wanted, limit=SHOWN + 1))
    totals = await console.reports.answer(TotalsOf(wanted))
    shown = rows[:SHOWN]
    return console.pages.page(
        request,
        viewer,
        "cutoff.html",
        query=query,
        filters_offered=filters_of(Cutoff),
        rehearsals=rehearsals(shown, console.operations.services()),
        broken=len({row.account for row in shown}),
        has_more=len(rows) > SHOWN,
        totals=totals,
    )


def rehearsals(rows: Iterable[Cutoff], services: Iterable[OfferedService]) -> list[Rehearsal]:
    """Return the listeners with cleartext logins, and those that refuse them.

    Without the journal, a line does not name its listener; then its service is used.
    """
    known = {service.name: service for service in services}
    found: dict[tuple[str, Service], list[Cutoff]] = {}
    for row in rows:
        found.setdefault((row.listener or row.service.value, row.service), []).append(row)
    for service in known.values():
        if service.cleartext is Cleartext.REFUSE:
            found.setdefault((service.name, service.protocol), [])
    return [
        Rehearsal(
            name=name,
            protocol=protocol,
            port=known[name].port if name in known else (clients[0].port if clients else None),
            service=known.get(name),
            clients=clients,
        )
        for (name, protocol), clients in found.items()
    ]
