"""Pages of the console that list the rows of a report: filtered, by page, or as a file."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from mailauth.report.period import Expected
from mailauth.report.rows import Login, Row
from mailauth.web.access import Viewer
from mailauth.web.console.console import Console
from mailauth.web.exports import MAX_ROWS, download
from mailauth.web.filters import PAGE, given, page_of
from mailauth.web.http.message import Request, Response
from mailauth.web.reports import SliceOf

R = TypeVar("R", bound=Row)


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The position of a page in the whole list, and its query."""

    query: Mapping[str, str]
    page: int
    shown: int
    total: int
    filters: frozenset[str]

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return (self.page - 1) * PAGE + 1

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.first + self.shown - 1

    @property
    def has_more(self) -> bool:
        """Whether there is a next page."""
        return self.last < self.total

    @property
    def exported(self) -> int:
        """How many rows a file has."""
        return min(self.total, MAX_ROWS)


async def show_list(
    console: Console,
    request: Request,
    viewer: Viewer,
    template: str,
    kind: type[R],
    present: Callable[[list[R]], Mapping[str, Any]],
    *,
    expected: Expected | None = None,
    newest_first: bool = False,
) -> Response:
    """Return a page of the report for the query, or a file. Raises `HttpError`.

    `present` makes the template's values from the rows.
    """
    query = given(request.query)
    asked = {name: value for name, value in query.items() if expected is None or name != "days"}
    wanted = msgspec.structs.replace(
        console.filters.wanted_by_page(asked, viewer), newest_first=newest_first
    )
    file = await download(query, console.reports, kind, wanted, expected)
    if file is not None:
        return file
    page = page_of(query)
    question: SliceOf[R] = SliceOf(
        kind=kind, wanted=wanted, limit=PAGE, offset=page.offset, expected=expected
    )
    found = await console.reports.answer(question)
    return console.pages.page(
        request,
        viewer,
        template,
        listing=Listing(
            query=query,
            page=page.number,
            shown=len(found.rows),
            total=found.total,
            filters=filters_of(kind),
        ),
        query=query,
        **present(found.rows),
    )


def filters_of(kind: type[Row]) -> frozenset[str]:
    """Return the filters on the page of a report, by their names in the query."""
    whole = {name for name in ("origin", "mechanism") if kind.knows(name)}
    parts = kind.filters().keys() - {"account_part"}
    return frozenset(whole | parts | ({"secure"} if kind is Login else set()))
