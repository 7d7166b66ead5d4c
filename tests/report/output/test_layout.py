"""Reports on terminals of 80 to 200 columns: nothing is squeezed, and no line is too long."""

import io
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from mailauth.login.event import Result
from mailauth.report.opening import opened_logs
from mailauth.report.output.layout import Heading, console, print_rows
from mailauth.report.output.presentation import PRESENTATIONS, Shown
from mailauth.report.output.terminal import print_answer, print_report, print_summary
from mailauth.report.period import Expected
from mailauth.report.ports import seen_tls_ports
from mailauth.report.rows import ROWS
from mailauth.report.sources import sources_of_directory
from mailauth.report.summary import summarize
from tests.support.asking import EVERYTHING
from tests.support.writing import BOB, Story

GOLDEN = Path(__file__).parents[2] / "golden" / "terminal"
WIDTHS = (80, 100, 120, 200)
NAMES = ("summary", *(kind.report for kind in ROWS))
LONG = "a.very.long.account.name.of.somebody@department.of.long.names.mydomain.com"


def told(story: Story) -> None:
    """A few days of a small office, with names as long as they come."""
    thunderbird: dict[str, Any] = {
        "client_name": "Mozilla Thunderbird (Debian)",
        "client_version": "153.2.1-esr",
    }
    for _ in range(3):
        story.login(**thunderbird)
    story.login(
        "mary@mydomain.com",
        "POP3",
        ip="2001:db8:1234:5678:9abc:def0:1234:5678",
        origin="United States",
        country="US",
    )
    story.login("mary@mydomain.com", "POP3", secure=True, tls_version="TLSv1.3")
    story.login(LONG, "SMTP", client_name="mutt")
    story.login("sue@mydomain.com", result=Result.CLEARTEXT_REFUSED)
    story.login("jimmy@mydomain.com", secure=True, origin="Germany", ip="192.0.2.7")


def on_terminal(width: int, height: int = 200) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    screen = Console(
        file=out,
        width=width,
        height=height,
        force_terminal=True,
        color_system=None,
        highlight=False,
        markup=False,
    )
    return screen, out


def answers(story: Story) -> dict[str, Callable[[Console], object]]:
    """Return what prints each report of a story's logs, which are read once."""
    with opened_logs(sources_of_directory(story.lines.parent)) as opened:
        ports_of = seen_tls_ports(opened.tables, opened.sources)
        summary = summarize(opened.logs, EVERYTHING, ports_of)
        expected = Expected(now=datetime(2026, 12, 1), accounts=("nobody@mydomain.com",))
        rows = {kind: opened.logs.rows(kind, EVERYTHING, expected=expected) for kind in ROWS}
    told: dict[str, Callable[[Console], object]] = {"summary": partial(print_summary, summary)}
    for kind, found in rows.items():
        told[kind.report] = partial(
            print_report, PRESENTATIONS[kind], found, shown=Shown(evidence=True)
        )
    return told


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[Console], object]]:
    story = Story(tmp_path_factory.mktemp("office") / "logs")
    told(story)
    return answers(story)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_reports_look_as_they_should(
    office: dict[str, Callable[[Console], object]], name: str, width: int
) -> None:
    """The files are what somebody has looked at and found good."""
    screen, out = on_terminal(width)
    office[name](screen)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert all(cell_len(line) <= width for line in lines)
    golden = (GOLDEN / f"{name}-{width}.txt").read_text("utf-8")
    assert lines == golden.splitlines()


def test_a_wide_terminal_keeps_the_table(story: Story) -> None:
    story.login(client_name="Thunderbird")
    story.login(BOB, "POP3", secure=True)
    reports = answers(story)
    for name in NAMES[1:]:
        screen, out = on_terminal(200)
        reports[name](screen)
        assert "───" in out.getvalue(), name


@pytest.mark.parametrize(
    "account",
    ["x" * 1024, "名" * 500, "a b " * 200, "\u202e" + "é" * 300, "👩‍👩‍👧" * 100],
    ids=["long", "wide", "spaces", "reversed", "joined"],
)
def test_no_name_makes_a_line_too_long_or_a_row_too_high(story: Story, account: str) -> None:
    story.login(account, client_name="client" * 170, client_version="v" * 1024)
    reports = answers(story)
    assert tuple(reports) == NAMES
    for width in WIDTHS:
        for name, printed in reports.items():
            screen, out = on_terminal(width)
            printed(screen)
            lines = out.getvalue().splitlines()
            assert all(cell_len(line) <= width for line in lines), (name, width)
            assert len(lines) < 90, (name, width)


def test_no_column_of_a_table_is_narrower_than_its_short_texts_or_eighteen() -> None:
    headings = [Heading("one"), Heading("two", numeric=True), Heading("three")]
    rows = [[Text("a" * 24), Text("1234567"), Text("b" * 60)]]
    screen, out = on_terminal(57)
    print_rows(headings, rows, screen)
    table = out.getvalue()
    assert "a" * 24 in table
    assert "1234567" in table
    assert "b" * 18 in table
    assert "───" in table
    screen, out = on_terminal(50)
    print_rows(headings, rows, screen)
    assert "───" not in out.getvalue()


def test_into_a_pipe_goes_a_line_for_each_row_whatever_its_length(story: Story) -> None:
    story.login("x" * 500, client_name="y" * 500)
    out = io.StringIO()
    answers(story)["cases"](console(out))
    assert any("x" * 500 in line and "y" * 500 in line for line in out.getvalue().splitlines())


def test_answers_of_sql_have_the_same_layout() -> None:
    columns = [f"column{number}" for number in range(13)]
    screen, out = on_terminal(80)
    print_answer(columns, [tuple(f"value {number}" for number in range(13))], screen)
    lines = out.getvalue().splitlines()
    assert all(cell_len(line) <= 80 for line in lines)
    assert "column12 value 12" in out.getvalue()
    screen, out = on_terminal(80)
    print_answer(["account", "count"], [("bob", 3)], screen)
    assert "───" in out.getvalue()
    screen, out = on_terminal(80)
    print_answer(["account"], [], screen)
    assert out.getvalue().strip() == "0 rows"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (120, 24)])
def test_the_summary_fits_on_one_screen(tmp_path: Path, width: int, height: int) -> None:
    """As many points as there is room for, of each kind at least one, and what to do at the end."""
    story = Story(tmp_path / "logs")
    for number in range(15):
        story.login(f"open{number}@mydomain.com")
        story.login(f"fixed{number}@mydomain.com")
        story.login(f"fixed{number}@mydomain.com", secure=True)
    screen, out = on_terminal(width, height)
    answers(story)["summary"](screen)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert height - 6 <= len(lines) < height
    assert {"15 open", "15 fixed"} <= set(lines)
    assert any(line.startswith("   fixed") for line in lines)
    assert lines.count("") == 3
    assert "To do: repoint the clients of 15 accounts" in " ".join(lines[-3:])
    shown = sum(line.startswith("   open") for line in lines)
    assert f"  … and {15 - shown} more: mailauth report cases" in lines
