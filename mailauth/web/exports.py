"""Reports as files, CSV (RFC 4180) and JSON, for the API and the console's pages."""

import enum
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from mailauth.report.period import Expected, Wanted
from mailauth.report.rows import Row
from mailauth.web.http.message import JSON, Header, Request, Response
from mailauth.web.reports import Answering
from mailauth.web.selection import choice

if TYPE_CHECKING:
    from mailauth.report.logs import Logs

MAX_ROWS = 10_000  # rows of a file, which is kept in memory until a slow client has read it
CSV = "text/csv; charset=utf-8"


class Format(enum.Enum):
    """The formats of a report."""

    JSON = "json"
    CSV = "csv"


_CONTENT_TYPES = {Format.JSON: JSON, Format.CSV: CSV}


class FileOf(msgspec.Struct, frozen=True, kw_only=True):
    """A report in a format: the rows after the first `offset`, at most `limit`."""

    kind: type[Row]
    wanted: Wanted
    format: Format
    limit: int = MAX_ROWS
    offset: int = 0
    expected: Expected | None = None

    def ask(self, logs: "Logs") -> bytes:
        """Ask the logs, and write. Blocks."""
        from mailauth.report.output.exports import write_csv, write_json

        write = write_csv if self.format is Format.CSV else write_json
        out = io.StringIO(newline="")
        with logs.answer(
            self.kind,
            self.wanted,
            expected=self.expected,
            limit=self.limit,
            offset=self.offset,
        ) as answer:
            write(answer.columns, answer.rows, out)
        return out.getvalue().encode("utf-8", "replace")


async def written(reports: Answering, file: FileOf, *headers: Header) -> Response:
    """Return a report as a file. Raises `HttpError`."""
    body = await reports.answer(file, remember=False)
    return Response(body=body, content_type=_CONTENT_TYPES[file.format], headers=headers)


async def download(
    query: Mapping[str, str],
    reports: Answering,
    kind: type[Row],
    wanted: Wanted,
    expected: Expected | None = None,
) -> Response | None:
    """Return a file of the page's rows, if the query asks for a format."""
    wished = choice(query, "format", Format)
    if wished is None:
        return None
    name = f"{kind.report}-{reports.now():%Y%m%d-%H%M%S}.{wished.value}"
    attached = (b"Content-Disposition", f'attachment; filename="{name}"'.encode("ascii"))
    file = FileOf(kind=kind, wanted=wanted, format=wished, expected=expected)
    return await written(reports, file, attached)


def format_of(request: Request) -> Format:
    """Return the format that the query or else the Accept field asks for. Raises `HttpError`."""
    wished = choice(request.query, "format", Format)
    if wished is not None:
        return wished
    accepted = (request.field(b"accept") or b"").lower()
    for medium in accepted.split(b","):
        match medium.partition(b";")[0].strip():
            case b"text/csv":
                return Format.CSV
            case b"application/json" | b"application/*" | b"*/*":
                return Format.JSON
    return Format.JSON
