"""Reports as a self-contained HTML page without scripts or external resources.

Jinja2 escapes what is shown; `bdi` isolates the text direction of a name; and the page's own
content security policy forbids everything else.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

import jinja2

from mailauth.report.advice import exposure_advice
from mailauth.report.output.presentation import Column, Presentation, Shown, Value
from mailauth.report.summary import Summary
from mailauth.report.values import text

_pages = jinja2.Environment(
    loader=jinja2.PackageLoader("mailauth.report", "pages"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def write_report(
    presentation: Presentation, rows: Iterable[Any], out: TextIO, shown: Shown
) -> None:
    """Write a report's rows with the columns in `shown`."""
    columns = shown.of(presentation.columns)
    _write(
        "report.html",
        out,
        title=presentation.title,
        none=presentation.none,
        columns=columns,
        rows=_cells(columns, rows),
    )


def write_answer(columns: Sequence[str], rows: Iterable[Sequence[Any]], out: TextIO) -> None:
    """Write the answer to a query in SQL."""
    headings = [
        Column(heading=text(column), show=lambda value: Value(text(value))) for column in columns
    ]
    _write(
        "report.html",
        out,
        title="Answer",
        none="No rows.",
        columns=headings,
        rows=(
            [(heading, heading.show(value)) for heading, value in zip(headings, row, strict=True)]
            for row in rows
        ),
    )


def write_summary(summary: Summary, out: TextIO) -> None:
    """Write the summary."""
    _write(
        "summary.html",
        out,
        title="Who logs in insecurely",
        summary=summary,
        points=[exposure_advice(exposure) for exposure in summary.exposed],
    )


def _write(name: str, out: TextIO, **context: Any) -> None:
    out.writelines(_pages.get_template(name).generate(**context))
    out.write("\n")


def _cells(columns: Iterable[Column], rows: Iterable[Any]) -> Iterator[list[tuple[Column, Value]]]:
    for row in rows:
        yield [(column, column.show(row)) for column in columns]
