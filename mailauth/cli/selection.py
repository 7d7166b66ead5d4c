"""Options that select the logins of a report."""

from collections.abc import Callable
from datetime import datetime
from functools import partial, wraps
from typing import Any

import click
import msgspec

from mailauth.cli.home import CommandFunction
from mailauth.login.event import Service
from mailauth.report.period import PeriodError, Wanted, parse_time

Told = Callable[[datetime], datetime]  # takes the current time

_SOME_TIME = datetime(2020, 7, 28, 16, 12)


class Moment(click.ParamType[Told]):
    """A time in the zone of the log, absolute or relative to now; a date means its midnight."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Told:
        """Parse the option."""
        try:
            parse_time(str(value), _SOME_TIME)
        except PeriodError as error:
            self.fail(f"expected {error}, got {value!r}", param, ctx)
        return partial(parse_time, str(value))


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The values of the options."""

    since: Told | None
    until: Told | None
    user: str | None
    service: str | None
    secure: bool | None

    def wanted(self, now: datetime) -> Wanted:
        """Return the selection at the time `now`. Raises `click.UsageError`."""
        since = self.since(now) if self.since is not None else None
        until = self.until(now) if self.until is not None else None
        if since is not None and until is not None and since >= until:
            raise click.UsageError(
                f"--since {since} is not before --until {until}: no login can be between them"
            )
        return Wanted(
            since=since,
            until=until,
            account=self.user,
            service=None if self.service is None else Service(self.service),
            secure=self.secure,
        )


def selection_options(command: CommandFunction) -> CommandFunction:
    """Give a command options that select logins, and pass their result as `selection`."""

    @click.option(
        "--since",
        type=Moment(),
        help="Only logins since this time: 2026-11-23, …T16:12, 7d, 24h, today or monday.",
    )
    @click.option("--until", type=Moment(), help="Only logins before this time.")
    @click.option(
        "--user",
        metavar="NAME",
        help="Only this account, in any letter case; a unique name does not need its domain.",
    )
    @click.option(
        "--service",
        type=click.Choice([protocol.value for protocol in Service], case_sensitive=False),
        help="Only this service.",
    )
    @click.option(
        "--secure/--unsecure",
        "secure",
        default=None,
        help="Only logins with this verdict (for the reports logins and countries).",
    )
    @wraps(command)
    def with_selection(
        since: Told | None,
        until: Told | None,
        user: str | None,
        service: str | None,
        secure: bool | None,
        **arguments: Any,
    ) -> Any:
        selection = Selection(since=since, until=until, user=user, service=service, secure=secure)
        return command(selection=selection, **arguments)

    return with_selection
