"""Rows on a terminal of any width: a table if it fits, else a block of lines for each row.

A table fits if each column is as wide as its texts, or as `NARROWEST` if they are longer than
`SHORT`. If it does not fit, empty columns are left out first. For a pipe, the table has any width,
with one line per row, so that programs can parse it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TextIO

import msgspec
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

PAGE = 1000  # rows that are laid out together
SHORT = 24  # cells of a text that is not folded in a table
NARROWEST = 18  # cells of a column with longer texts
LONGEST = 160  # characters of a text, which is cut if it is longer, on a terminal
_PIPE_WIDTH = 100_000
_INDENT = 2
_BETWEEN = " · "


class Heading(msgspec.Struct, frozen=True):
    """A column. Those with `is_key` are the first line of a block, without their headings."""

    text: str
    numeric: bool = False
    is_key: bool = False


def console(out: TextIO) -> Console:
    """Return a console for a terminal or a pipe."""
    terminal = out.isatty()
    return Console(
        file=out,
        width=None if terminal else _PIPE_WIDTH,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=not terminal,
    )


def print_rows(
    headings: Sequence[Heading],
    rows: Iterable[Sequence[Text]],
    screen: Console,
    *,
    frame: box.Box = box.SIMPLE_HEAD,
) -> int:
    """Print rows and return their number."""
    count = 0
    as_table = True
    for page in _pages(iter(rows)):
        page_headings = headings
        if screen.is_terminal:
            page = [[_cut(cell) for cell in row] for row in page]
            if not _fits(headings, page, screen, frame):
                page_headings, page = _without_empty(headings, page)
            as_table = as_table and _fits(page_headings, page, screen, frame)
        if as_table:
            screen.print(_table(page_headings, page, frame))
        else:
            if not count:
                screen.print()
            for row in page:
                for line in _block(page_headings, row, screen):
                    screen.print(line)
        count += len(page)
    return count


def _fits(
    headings: Sequence[Heading], rows: Sequence[Sequence[Text]], screen: Console, frame: box.Box
) -> bool:
    gap = 2 if frame is box.SIMPLE_HEAD else 3
    return sum(map(_least, _widths(headings, rows))) + gap * len(headings) + 1 <= screen.width


def _widths(headings: Sequence[Heading], rows: Sequence[Sequence[Text]]) -> list[int]:
    return [
        max(cell_len(heading.text), *(row[at].cell_len for row in rows))
        for at, heading in enumerate(headings)
    ]


def _least(width: int) -> int:
    """Return the minimum width of a column of this width."""
    return width if width <= SHORT else NARROWEST


def _without_empty(
    headings: Sequence[Heading], rows: Sequence[Sequence[Text]]
) -> tuple[list[Heading], list[Sequence[Text]]]:
    kept = [at for at in range(len(headings)) if any(row[at] for row in rows)]
    return [headings[at] for at in kept], [[row[at] for at in kept] for row in rows]


def _table(headings: Sequence[Heading], rows: Sequence[Sequence[Text]], frame: box.Box) -> Table:
    padding = (0, 1, 0, 0) if frame is box.SIMPLE_HEAD else (0, 1)
    table = Table(box=frame, header_style="bold", padding=padding)
    for heading, width in zip(headings, _widths(headings, rows), strict=True):
        table.add_column(
            heading.text,
            justify="right" if heading.numeric else "left",
            overflow="fold",
            min_width=_least(width),
            no_wrap=width <= SHORT,
        )
    for row in rows:
        table.add_row(*row)
    return table


def _block(headings: Sequence[Heading], row: Sequence[Text], screen: Console) -> Iterator[Text]:
    cells = list(zip(headings, row, strict=True))
    keys = [cell for heading, cell in cells if heading.is_key and cell]
    yield from _filled(keys, Text("  "), screen, first=0)
    told = [_told(heading, cell) for heading, cell in cells if not heading.is_key and cell]
    yield from _filled(told, Text(_BETWEEN, "dim"), screen, first=_INDENT)


def _told(heading: Heading, cell: Text) -> Text:
    return Text.assemble((f"{heading.text} ", "dim"), cell) if heading.text else cell


def _filled(items: Iterable[Text], between: Text, screen: Console, *, first: int) -> Iterator[Text]:
    """Yield lines with as many items as fit; an item longer than a line is folded."""
    line = Text(" " * first)
    is_empty = True
    for item in items:
        if not is_empty:
            if line.cell_len + between.cell_len + item.cell_len <= screen.width:
                line = line.append_text(between).append_text(item)
                continue
            yield line
            line = Text(" " * _INDENT)
        pieces = _folded(item, screen, screen.width - line.cell_len, screen.width - _INDENT)
        for piece in pieces[:-1]:
            yield line.append_text(piece)
            line = Text(" " * _INDENT)
        line = line.append_text(pieces[-1])
        is_empty = False
    if not is_empty:
        yield line


def _folded(item: Text, screen: Console, first: int, width: int) -> list[Text]:
    """Fold a text into lines of this width; the first is at most `first`."""
    if item.cell_len <= first:
        return [item]
    return list(item.wrap(screen, max(2, min(first, width)), overflow="fold"))


def _cut(text: Text) -> Text:
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 1]
    return cut.append("…")


def _pages(rows: Iterator[Sequence[Text]]) -> Iterator[list[Sequence[Text]]]:
    while page := list(islice(rows, PAGE)):
        yield page
