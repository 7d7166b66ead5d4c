"""The filters in a query of a page or the API: a period, an account, a service."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from mailauth.login.authority import Authority
from mailauth.login.event import Service
from mailauth.report.period import PeriodError, Wanted, parse_time
from mailauth.web.access import Viewer
from mailauth.web.http.message import HttpError
from mailauth.web.selection import choice, is_unknown, number, secure

MAX_DAYS = 36_500
MAX_PAGE = 100_000
PAGE = 100  # rows of a page


class Filters:
    """Parses filters; `now` is the time in the zone of the log."""

    def __init__(self, authority: Authority, now: Callable[[], datetime]) -> None:
        self._authority = authority
        self._now = now

    def wanted(self, query: Mapping[str, str], viewer: Viewer) -> Wanted:
        """Parse a query; a user can ask only about their own account. Raises `HttpError`."""
        since = _time(query, "since")
        if since is None and "days" in query:
            days = number(query, "days", 1, MAX_DAYS, at_least=1)
            since = self._midnight() - timedelta(days=days - 1)
        return Wanted(
            since=since,
            until=_time(query, "until"),
            account=viewer.only_user or self._account(query.get("user")),
            account_part=query.get("account"),
            client=query.get("client"),
            address=query.get("address"),
            listener=query.get("listener"),
            origin=query.get("origin"),
            mechanism=query.get("mechanism"),
            service=choice(query, "protocol", Service),
            secure=secure(query),
            unknown=is_unknown(query),
        )

    def wanted_by_page(self, query: Mapping[str, str], viewer: Viewer) -> Wanted:
        """Parse the filters of a page, like `wanted`; `user` may be a part of a name.

        A whole name means only that account, and so does an alias that is not part of its name.
        """
        typed = query.get("user", "")
        account = self._authority.accounts.find(typed.encode("utf-8", "surrogatepass"))
        if not typed or (
            account is not None
            and (
                account.name.casefold() == typed.casefold()
                or typed.casefold() not in account.name.casefold()
            )
        ):
            return self.wanted(query, viewer)
        rest = {name: value for name, value in query.items() if name != "user"}
        return self.wanted({**rest, "account": typed}, viewer)

    def _midnight(self) -> datetime:
        return self._now().replace(hour=0, minute=0, second=0, microsecond=0)

    def _account(self, name: str | None) -> str | None:
        """Return the account's name for one of its names; return other names unchanged."""
        if name is None:
            return None
        account = self._authority.accounts.find(name.encode("utf-8", "surrogatepass"))
        return account.name if account is not None else name


class PageOf(msgspec.Struct, frozen=True):
    """The rows that a page shows, by its number from 1."""

    number: int

    @property
    def offset(self) -> int:
        """The number of rows on the previous pages."""
        return (self.number - 1) * PAGE


def page_of(query: Mapping[str, str]) -> PageOf:
    """Parse the number of the page. Raises `HttpError`."""
    return PageOf(number(query, "page", 1, MAX_PAGE, at_least=1))


def given(query: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that were filled in; a form sends the others empty."""
    return {name: value for name, value in query.items() if value}


def _time(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return parse_time(text)
    except PeriodError as error:
        raise HttpError(400, f"{name}: expected {error}.") from None
