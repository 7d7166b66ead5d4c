"""Reports on a terminal, by rich; a pipe gets the same without colours and wrapping."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailauth.report.advice import exposure_advice
from mailauth.report.output.layout import Heading, print_rows
from mailauth.report.output.presentation import Column, Presentation, Shown, Tone
from mailauth.report.rows import Totals
from mailauth.report.summary import Advised, Summary
from mailauth.report.values import text

SHOWN = 10  # at most, points of each kind in the summary
_INDENT = 3  # columns before a point
_AROUND_POINTS = 3  # lines: an empty one, the heading, and how many more there are

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
    """Print the summary: one screen that ends in what to do.

    On a terminal, as many points are printed as fit on it, open cases first.
    """
    headline = Text(summary.headline)
    if summary.verdict:
        headline.append(summary.verdict, _STYLES[_tone(summary.totals)])
    screen.print(headline)
    for line in summary.network_lines:
        screen.print(f"  {line}", style="dim")
    sections = _sections(summary)
    around = [headline.plain, *summary.network_lines, summary.to_do, ""]
    room = screen.height - 1 - sum(_height(line, screen) for line in around)
    for at, section in enumerate(sections):
        later = sum(_least(other, screen) for other in sections[at + 1 :])
        room -= _print_section(section, screen, room - later)
    screen.print()
    screen.print(summary.to_do, style="bold")


class _Section(msgspec.Struct, frozen=True):
    """Points under a heading: each is a line that begins with an account's name."""

    heading: str
    tone: Tone
    points: list[tuple[str, str]]
    report: str  # with all of them


def _sections(summary: Summary) -> list[_Section]:
    """Return the sections that have points."""

    def cases(name: str, tone: Tone, found: Sequence[Advised]) -> _Section:
        points = [(advised.case.account, advised.advice) for advised in found]
        return _Section(f"{len(found)} {name}", tone, points, "cases")

    exposed = [(exposure.account, exposure_advice(exposure)) for exposure in summary.exposed]
    sections = [
        cases("open", Tone.BAD, summary.open),
        cases("fixed", Tone.GOOD, summary.fixed),
        _Section(f"{len(exposed)} exposed without a login", Tone.BAD, exposed, "exposures"),
    ]
    return [section for section in sections if section.points]


def _tone(totals: Totals) -> Tone:
    if totals.unsecure:
        return Tone.BAD
    return Tone.PLAIN if totals.unknown else Tone.GOOD


def _print_section(section: _Section, screen: Console, room: int) -> int:
    """Print at least one point, and as many as fit into so many lines; return the lines printed."""
    used, shown = _AROUND_POINTS, 0
    for _, line in section.points[:SHOWN]:
        height = _height(line, screen, _INDENT)
        if shown and screen.is_terminal and used + height > room:
            break
        used, shown = used + height, shown + 1
    screen.print()
    screen.print(section.heading, style=_STYLES[section.tone])
    for name, line in section.points[:shown]:
        _print_point(line, len(text(name)), screen)
    rest = len(section.points) - shown
    if rest:
        screen.print(f"  … and {rest} more: mailauth report {section.report}", style="dim")
    return used


def _least(section: _Section, screen: Console) -> int:
    """Return how many lines a section takes with one point."""
    return _AROUND_POINTS + _height(section.points[0][1], screen, _INDENT)


def _height(line: str, screen: Console, indent: int = 0) -> int:
    """Return how many lines a text takes."""
    return len(Text(line, overflow="fold").wrap(screen, screen.width - indent))


def _print_point(line: str, name: int, screen: Console) -> None:
    point = Text(line, overflow="fold")
    point.stylize(_STYLES[Tone.NAME], 0, name)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text("  "), point)
    screen.print(grid if screen.is_terminal else Text("  ").append_text(point))


def _cell(column: Column, row: Any) -> Text:
    value = column.show(row)
    return Text(value.text, _STYLES[value.tone])


def _begun(rows: Iterator[Sequence[Any]]) -> tuple[Sequence[Any] | None, Iterator[Sequence[Any]]]:
    """Return the first row, if any, and all rows."""
    first = next(rows, None)
    return first, rows if first is None else chain([first], rows)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
