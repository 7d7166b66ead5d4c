"""Reports on a terminal, by rich; into a pipe goes the same, neither coloured nor wrapped."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailauth.report.advice import exposure_advice
from mailauth.report.presentation import Column, Presentation, Tone
from mailauth.report.summary import Advised, Summary
from mailauth.report.values import text

PAGE = 1000  # rows that are laid out together
SHOWN = 10  # cases of each kind on the one screen
_PIPE_WIDTH = 100_000

_STYLES = {
    Tone.PLAIN: "",
    Tone.NAME: "bold",
    Tone.FAINT: "dim",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
}


def console(out: TextIO) -> Console:
    """Return what prints to a terminal or into a pipe."""
    terminal = out.isatty()
    return Console(
        file=out,
        width=None if terminal else _PIPE_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
    )


def print_report(
    presentation: Presentation, rows: Iterable[Any], screen: Console, *, evidence: bool
) -> int:
    """Print a report's rows as a table and return how many they were.

    Columns of what only the journal knows are left out without `evidence`.
    """
    columns = [column for column in presentation.columns if evidence or not column.evidence]
    count = 0
    for page in _pages(iter(rows)):
        table = _table([(column.heading, column.numeric) for column in columns])
        for row in page:
            table.add_row(*(_cell(column, row) for column in columns))
        screen.print(table)
        count += len(page)
    screen.print(f"{presentation.title}: {count}" if count else presentation.none, style="dim")
    return count


def print_answer(columns: Sequence[str], rows: Iterable[Sequence[Any]], screen: Console) -> None:
    """Print what a question in SQL was answered."""
    count = 0
    for page in _pages(iter(rows)):
        numeric = [
            all(isinstance(row[at], int | float) and not isinstance(row[at], bool) for row in page)
            for at in range(len(columns))
        ]
        table = _table(list(zip(map(text, columns), numeric, strict=True)))
        for row in page:
            table.add_row(*(Text(text(value)) for value in row))
        screen.print(table)
        count += len(page)
    screen.print(f"{count} row{'' if count == 1 else 's'}", style="dim")


def print_summary(summary: Summary, screen: Console) -> None:
    """Print the summary: one screen that ends in what to do."""
    headline = Text(summary.headline)
    if summary.verdict:
        headline.append(
            summary.verdict, _STYLES[Tone.BAD if summary.totals.unsecure else Tone.GOOD]
        )
    screen.print(headline)
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


def _print_cases(heading: str, cases: Sequence[Advised], screen: Console, tone: Tone) -> None:
    if not cases:
        return
    screen.print()
    screen.print(heading, style=_STYLES[tone])
    for advised in cases[:SHOWN]:
        _print_point(advised.advice, len(text(advised.case.account)), screen)
    _print_rest(len(cases), "cases", screen)


def _print_point(line: str, name: int, screen: Console) -> None:
    point = Text(line)
    point.stylize(_STYLES[Tone.NAME], 0, name)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("  "), point)
    screen.print(grid if screen.is_terminal else Text("  ").append_text(point))


def _print_rest(count: int, report: str, screen: Console) -> None:
    if count > SHOWN:
        screen.print(f"  … and {count - SHOWN} more: mailauth report {report}", style="dim")


def _table(headings: Sequence[tuple[str, bool]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for heading, numeric in headings:
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    return table


def _cell(column: Column, row: Any) -> Text:
    value = column.show(row)
    return Text(value.text, _STYLES[value.tone])


def _pages(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while page := list(islice(rows, PAGE)):
        yield page
