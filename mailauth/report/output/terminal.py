"""Reports on a terminal, by rich; a pipe gets the same without colours and wrapping."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailauth.report.advice import exposure_advice
from mailauth.report.output.layout import Heading, print_rows
from mailauth.report.output.presentation import Column, Presentation, Shown, Tone
from mailauth.report.rows import Totals
from mailauth.report.summary import Advised, Summary
from mailauth.report.values import text

SHOWN = 10  # cases of each kind in the summary

_STYLES = {
    Tone.PLAIN: "",
    Tone.NAME: "bold",
    Tone.FAINT: "dim",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
}


def print_report(
    presentation: Presentation, rows: Iterable[Any], screen: Console, shown: Shown
) -> int:
    """Print a report's rows, and return their number.

    Only the columns in `shown` are printed.
    """
    columns = shown.of(presentation.columns)
    headings = [Heading(column.heading, column.numeric, column.is_key) for column in columns]
    count = print_rows(
        headings, ([_cell(column, row) for column in columns] for row in rows), screen
    )
    screen.print(f"{presentation.title}: {count}" if count else presentation.none, style="dim")
    return count


def print_answer(columns: Sequence[str], rows: Iterable[Sequence[Any]], screen: Console) -> None:
    """Print the answer to a query in SQL."""
    first, rest = _begun(iter(rows))
    headings = [
        Heading(text(column), numeric=_is_number(value), is_key=at == 0)
        for at, (column, value) in enumerate(zip(columns, first or columns, strict=True))
    ]
    count = print_rows(headings, ([Text(text(value)) for value in row] for row in rest), screen)
    screen.print(f"{count} row{'' if count == 1 else 's'}", style="dim")


def print_summary(summary: Summary, screen: Console) -> None:
    """Print the summary: one screen that ends in what to do."""
    headline = Text(summary.headline)
    if summary.verdict:
        headline.append(summary.verdict, _STYLES[_tone(summary.totals)])
    screen.print(headline)
    for line in summary.network_lines:
        screen.print(f"  {line}", style="dim")
    _print_cases(f"{len(summary.open)} open", summary.open, screen, Tone.BAD)
    _print_cases(f"{len(summary.fixed)} fixed", summary.fixed, screen, Tone.GOOD)
    if summary.exposed:
        screen.print()
        screen.print(f"{len(summary.exposed)} exposed without a login", style=_STYLES[Tone.BAD])
        for exposure in summary.exposed[:SHOWN]:
            _print_point(exposure_advice(exposure), len(text(exposure.account)), screen)
        _print_rest(len(summary.exposed), "exposures", screen)
    screen.print()
    screen.print(summary.to_do, style="bold")


def _tone(totals: Totals) -> Tone:
    if totals.unsecure:
        return Tone.BAD
    return Tone.PLAIN if totals.unknown else Tone.GOOD


def _print_cases(heading: str, cases: Sequence[Advised], screen: Console, tone: Tone) -> None:
    if not cases:
        return
    screen.print()
    screen.print(heading, style=_STYLES[tone])
    for advised in cases[:SHOWN]:
        _print_point(advised.advice, len(text(advised.case.account)), screen)
    _print_rest(len(cases), "cases", screen)


def _print_point(line: str, name: int, screen: Console) -> None:
    point = Text(line, overflow="fold")
    point.stylize(_STYLES[Tone.NAME], 0, name)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("  "), point)
    screen.print(grid if screen.is_terminal else Text("  ").append_text(point))


def _print_rest(count: int, report: str, screen: Console) -> None:
    if count > SHOWN:
        screen.print(f"  … and {count - SHOWN} more: mailauth report {report}", style="dim")


def _cell(column: Column, row: Any) -> Text:
    value = column.show(row)
    return Text(value.text, _STYLES[value.tone])


def _begun(rows: Iterator[Sequence[Any]]) -> tuple[Sequence[Any] | None, Iterator[Sequence[Any]]]:
    """Return the first row, if any, and all rows."""
    first = next(rows, None)
    return first, rows if first is None else chain([first], rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
