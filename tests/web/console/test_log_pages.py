"""The viewer of the log files."""

import gzip
from pathlib import Path

import pytest
from twisted.internet.defer import maybeDeferred

from mailauth.record.journal import encode
from mailauth.web.console.log_pages import SHOWN
from tests.support.events import event
from tests.web.browser import Answer, Browser, Server

LINES = [
    "2026-11-23 12:00:01,000 - [IMAP] {UNSECURE} - bob@mydomain.com - 10.11.12.102 (LAN)",
    "2026-11-23 12:00:02,000 - [SMTP] {SECURE} - sue@mydomain.com - 79.80.81.82 (Germany)",
    "2026-11-23 12:00:03,000 - [HTTP] {SECURE} - <b>bob</b> - 10.11.12.102 (LAN)",
]


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The operator of a server with some logs; files are read at once, without a thread."""
    monkeypatch.setattr("mailauth.web.console.log_pages.deferToThread", maybeDeferred)
    (tmp_path / "SuccessfulLogins.log").write_text("\n".join(LINES) + "\n")
    (tmp_path / "LoginAttempts.jsonl").write_bytes(encode(event(1)) + encode(event(2, secure=True)))
    with gzip.open(tmp_path / "SuccessfulLogins.2026-11-22.log.gz", "wt") as file:
        file.writelines(f"line {number}\n" for number in range(SHOWN + 1))
    server = Server(logs=tmp_path)
    browser = Browser(server, ip="127.0.0.1")
    browser.get(server.site.admin_link())
    return browser


def shown(answer: Answer) -> list[int]:
    """Which of the lines a page shows."""
    assert answer.status == 200
    times = [line[:23] for line in LINES]
    return [number for number, time in enumerate(times) if time in answer.text]


def test_the_newest_file_is_shown(operator: Browser) -> None:
    page = operator.get("/log")
    assert shown(page) == [0, 1, 2]
    assert "<b>bob" not in page.text
    assert "&lt;b&gt;bob" in page.text
    assert "SuccessfulLogins.2026-11-22.log.gz</option>" in page.text


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("text=BOB", [0, 2]),
        ("text=germany", [1]),
        ("secure=false", [0]),
        ("secure=true", [1, 2]),
        ("protocol=SMTP", [1]),
        ("protocol=&secure=&text=", [0, 1, 2]),
        ("protocol=HTTP&secure=true&text=bob", [2]),
        ("text=nobody", []),
    ],
)
def test_lines_are_selected(operator: Browser, query: str, lines: list[int]) -> None:
    assert shown(operator.get(f"/log?{query}")) == lines


def test_records_of_the_journal_are_selected_alike(operator: Browser) -> None:
    page = operator.get("/log?file=LoginAttempts.jsonl&protocol=IMAP&secure=true").text
    assert "event-2" in page
    assert "event-1" not in page


def test_older_lines_are_a_page_further(operator: Browser) -> None:
    page = operator.get("/log?file=SuccessfulLogins.2026-11-22.log.gz").text
    assert "line 200\n" in page.replace("</span>", "")
    assert "line 0<" not in page
    older = page.split('href="/log?file=SuccessfulLogins.2026-11-22.log.gz&amp;before=')[1]
    offset = older.split('"')[0]
    page = operator.get(f"/log?file=SuccessfulLogins.2026-11-22.log.gz&before={offset}").text
    assert "line 0<" in page
    assert "line 1<" not in page


@pytest.mark.parametrize("query", ["file=../x", "file=mailauth.toml"])
def test_nothing_else_is_shown(operator: Browser, query: str) -> None:
    assert operator.get(f"/log?{query}").status == 404


@pytest.mark.parametrize("query", ["before=x", "before=-1", "secure=x", "protocol=ftp"])
def test_a_query_that_makes_no_sense(operator: Browser, query: str) -> None:
    assert operator.get(f"/log?{query}").status == 400
