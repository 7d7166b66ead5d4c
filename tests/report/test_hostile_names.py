"""A name made of HTML, ANSI escapes, bidirectional controls or a formula does no harm anywhere."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from mailauth.report.advice import advice
from mailauth.report.logs import structs
from mailauth.report.opening import opened_logs
from mailauth.report.output.exports import write_csv, write_json
from mailauth.report.output.page import write_report, write_summary
from mailauth.report.output.presentation import PRESENTATIONS, Shown
from mailauth.report.output.terminal import print_report, print_summary
from mailauth.report.rows import Case, Login
from mailauth.report.sources import sources_of_directory
from mailauth.report.summary import summarize
from mailauth.report.values import cell, escaped_json, text
from tests.support.asking import EVERYTHING
from tests.support.writing import Story

NAMES = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}",
    "[bold red]markup[/] [link=https://example.org]x[/link]",
    "\x1b[31mred\x1b]0;title\x07",
    "\x9b31mc1",
    "a\rb\nc\td",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "＝1+1",
    " =1+1",
    '"quoted", and comma',
    "emoji \N{PILE OF POO} é",
]
UNSAFE = [chr(code) for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))] + list(
    "\u200b\u200e\u202a\u202e\u2066\u2069\ufeff\u2028"
)


@pytest.fixture
def hostile(story: Story) -> Path:
    for name in NAMES:
        story.login(name, client_name=name, client_version=name)
    return story.lines.parent


def harmless(shown: str) -> bool:
    return not any(character in shown for character in UNSAFE if character not in "\n\r")


def test_a_terminal_shows_them_as_text(hostile: Path) -> None:
    out = io.StringIO()
    screen = Console(file=out, width=300, force_terminal=False, markup=False)
    with opened_logs(sources_of_directory(hostile)) as opened:
        rows = opened.logs.rows(Login, EVERYTHING)
        print_report(PRESENTATIONS[Login], rows, screen, Shown(evidence=True))
        print_summary(summarize(opened.logs, EVERYTHING, lambda case: {}), screen)
        points = [advice(case, {}) for case in opened.logs.rows(Case, EVERYTHING)]
    assert harmless(out.getvalue())
    assert all(point.isprintable() for point in points)
    assert "[bold red]markup[/]" in out.getvalue()
    assert "\\u001b[31mred" in out.getvalue()


def test_json_says_exactly_what_they_are_and_moves_no_terminal(hostile: Path) -> None:
    out = io.StringIO()
    with (
        opened_logs(sources_of_directory(hostile)) as opened,
        opened.logs.answer(Login, EVERYTHING) as answer,
    ):
        write_json(answer.columns, answer.rows, out)
    assert [row["account"] for row in json.loads(out.getvalue())] == NAMES
    assert harmless(out.getvalue())


def test_csv_has_no_formulas(hostile: Path) -> None:
    out = io.StringIO(newline="")
    with (
        opened_logs(sources_of_directory(hostile)) as opened,
        opened.logs.answer(Login, EVERYTHING) as answer,
    ):
        write_csv(answer.columns, answer.rows, out)
    assert harmless(out.getvalue())
    header, *rows = csv.reader(io.StringIO(out.getvalue(), newline=""))
    accounts = [row[header.index("account")] for row in rows]
    assert len(accounts) == len(NAMES)
    assert not any(name.lstrip().startswith(tuple("=+-@＝＋－＠")) for name in accounts)
    assert '"quoted", and comma' in accounts


def test_a_page_escapes_them(hostile: Path) -> None:
    out = io.StringIO()
    with opened_logs(sources_of_directory(hostile)) as opened:
        with opened.logs.answer(Login, EVERYTHING) as answer:
            write_report(PRESENTATIONS[Login], structs(Login, answer), out, Shown(evidence=True))
        write_summary(summarize(opened.logs, EVERYTHING, lambda case: {}), out)
    page = out.getvalue()
    assert harmless(page)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "default-src 'none'" in page


@given(st.text(max_size=20))
def test_whatever_a_text_is_it_is_harmless(value: str) -> None:
    assert text(value).isprintable()
    assert cell(value).isprintable()
    assert not cell(value).lstrip().startswith(tuple("=+-@＝＋－＠"))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_escaped_json_means_the_same(value: str) -> None:
    encoded = escaped_json(json.dumps(value, ensure_ascii=False))
    assert encoded.isprintable()
    assert json.loads(encoded) == value
