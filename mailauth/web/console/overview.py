"""The console's first page: how secure all logins are, or for a user their own."""

import calendar
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from mailauth.report.period import Unit, Wanted
from mailauth.report.rows import Case, Exposure, Login, Share, Shares, Totals
from mailauth.web.access import Viewer
from mailauth.web.console.cases import with_advice
from mailauth.web.console.charts import Bar, Chart
from mailauth.web.console.console import Console
from mailauth.web.filters import given
from mailauth.web.http.message import Request, Response
from mailauth.web.reports import RowsOf

if TYPE_CHECKING:
    from mailauth.report.logs import Logs

COUNTED = 1000  # open cases and exposures; if there are more, the page says so
SHOWN = 5  # open cases
MINE = 50  # of a user's own logins
BARS = 8  # of a chart by property; the rest are one bar
TIMES = 100  # bars of the chart over time

PERIODS = (("Today", "1"), ("7 days", "7"), ("30 days", "30"), ("Everything", ""))

_HOURLY, _DAILY = timedelta(days=2), timedelta(days=TIMES - 1)


class Overview(msgspec.Struct, frozen=True):
    """What the overview shows."""

    totals: Totals
    cases: list[Case]
    exposures: list[Exposure]
    charts: tuple[Chart, ...]


class OverviewOf(msgspec.Struct, frozen=True):
    """The overview of a period."""

    wanted: Wanted

    def ask(self, logs: "Logs") -> Overview:
        """Ask the logs. Blocks."""
        totals = logs.totals(self.wanted)
        if totals.first is None or totals.last is None:
            return Overview(totals, [], logs.rows(Exposure, self.wanted, limit=COUNTED), ())
        unit = unit_of(totals.last - totals.first)
        shares = logs.shares(unit, self.wanted)
        return Overview(
            totals=totals,
            cases=logs.rows(Case, self.wanted, limit=COUNTED),
            exposures=logs.rows(Exposure, self.wanted, limit=COUNTED),
            charts=_charts(unit, shares, totals.first, totals.last, self.wanted),
        )


async def show(console: Console, request: Request, viewer: Viewer) -> Response:
    """Show an administrator the state of all logins, and a user what they should do."""
    if viewer.is_admin:
        return await _everybody(console, request, viewer)
    return await _oneself(console, request, viewer)


async def _everybody(console: Console, request: Request, viewer: Viewer) -> Response:
    query = given(request.query)
    wanted = console.filters.wanted(query, viewer)
    overview = await console.reports.answer(OverviewOf(wanted))
    open_cases = [case for case in overview.cases if case.open]
    return console.pages.page(
        request,
        viewer,
        "overview.html",
        overview=overview,
        periods=PERIODS,
        days=query.get("days", ""),
        open_cases=len(open_cases),
        fixed=len(overview.cases) - len(open_cases),
        counted=COUNTED,
        advised=with_advice(console, open_cases[:SHOWN]),
        exposed=len({exposure.account for exposure in overview.exposures}),
    )


async def _oneself(console: Console, request: Request, viewer: Viewer) -> Response:
    mine = Wanted(account=viewer.only_user, newest_first=True)
    cases = await console.reports.answer(RowsOf(kind=Case, wanted=mine, limit=COUNTED))
    return console.pages.page(
        request,
        viewer,
        "your_sign_ins.html",
        advised=with_advice(console, (case for case in cases if case.open)),
        fixed=[case for case in cases if not case.open],
        exposures=await console.reports.answer(RowsOf(kind=Exposure, wanted=mine, limit=COUNTED)),
        logins=await console.reports.answer(RowsOf(kind=Login, wanted=mine, limit=MINE)),
    )


def unit_of(span: timedelta) -> Unit:
    """Return the unit in which to show this period."""
    if span < _HOURLY:
        return Unit.HOUR
    return Unit.DAY if span < _DAILY else Unit.MONTH


def _charts(
    unit: Unit, shares: Shares, first: datetime, last: datetime, wanted: Wanted
) -> tuple[Chart, ...]:
    times = tuple(
        Bar(share, urlencode(period_of(unit, share.label)))
        for share in timeline(unit, shares.time, first, last)
    )
    charts = [Chart("Logins over time", times, is_over_time=True)]
    for title, name, found in (
        ("By service", "protocol", shares.service),
        ("By country", "origin", shares.country),
        ("By mechanism", "mechanism", shares.mechanism),
    ):
        bars = tuple(
            Bar(share, urlencode({name: share.label, **_period(wanted)}))
            if share in found
            else Bar(share)
            for share in _largest(found)
        )
        charts.append(Chart(title, bars))
    return tuple(charts)


def period_of(unit: Unit, label: str) -> dict[str, str]:
    """Return the query for the hour, day or month of a bar."""
    since = datetime.fromisoformat(f"{label}-01" if unit is Unit.MONTH else label)
    match unit:
        case Unit.HOUR:
            until = since + timedelta(hours=1)
        case Unit.DAY:
            until = since + timedelta(days=1)
        case Unit.MONTH:
            until = (since + timedelta(days=31)).replace(day=1)
    return {"since": since.isoformat(), "until": until.isoformat()}


def _period(wanted: Wanted) -> dict[str, str]:
    since, until = wanted.since, wanted.until
    return {
        **({"since": since.isoformat()} if since is not None else {}),
        **({"until": until.isoformat()} if until is not None else {}),
    }


def _largest(shares: Sequence[Share]) -> tuple[Share, ...]:
    """Return the largest shares, and the sum of the others."""
    if len(shares) <= BARS:
        return tuple(shares)
    rest = shares[BARS - 1 :]
    others = Share(
        label=f"{len(rest)} others",
        secure=sum(share.secure for share in rest),
        unsecure=sum(share.unsecure for share in rest),
        unknown=sum(share.unknown for share in rest),
    )
    return (*shares[: BARS - 1], others)


def timeline(
    unit: Unit, shares: Sequence[Share], first: datetime, last: datetime
) -> tuple[Share, ...]:
    """Return a share for every hour, day or month up to the last, even without logins.

    If there are more than `TIMES`, only the last ones are returned.
    """
    known = {share.label: share for share in shares}
    labels: list[str] = []
    for label in _backwards(unit, first, last):
        labels.append(label)
        if len(labels) == TIMES:
            break
    return tuple(
        known.get(label, Share(label=label, secure=0, unsecure=0)) for label in reversed(labels)
    )


def _backwards(unit: Unit, first: datetime, last: datetime) -> Iterator[str]:
    form, step = _STEPS[unit]
    low, high = min(first, last), max(first, last)
    end = form(low)
    while True:
        label = form(high)
        yield label
        if label <= end:
            return
        high = step(high)


def _month_before(time: datetime) -> datetime:
    year, month = (time.year - 1, 12) if time.month == 1 else (time.year, time.month - 1)
    return time.replace(
        year=year, month=month, day=min(time.day, calendar.monthrange(year, month)[1])
    )


_STEPS: dict[Unit, tuple[Callable[[datetime], str], Callable[[datetime], datetime]]] = {
    Unit.HOUR: (
        lambda time: f"{time:%Y-%m-%dT%H}:00",
        lambda time: time - timedelta(hours=1),
    ),
    Unit.DAY: (lambda time: f"{time:%Y-%m-%d}", lambda time: time - timedelta(days=1)),
    Unit.MONTH: (lambda time: f"{time:%Y-%m}", _month_before),
}
