"""Lines of log files that are not what they should be: endless, or packed very small."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from mailauth.events.file_lines import LINE_OCTETS, TooLong
from mailauth.events.history import JournalHistory
from mailauth.events.selection import Selection
from mailauth.record.journal import encode
from mailauth.web.raw_logs import LogFiles
from tests.support.events import event
from tests.web.browser import Browser, Server

ENDLESS = 64 * 1024 * 1024
BOUND = 8 * 1024 * 1024
OLDER = "SuccessfulLogins.2026-11-22.log.gz"


def endless(path: Path, before: bytes = b"", after: bytes = b"") -> None:
    """Write a file with a line of so many octets, in a few of them."""
    with gzip.open(path, "wb") as file:
        file.write(before)
        for _ in range(ENDLESS // 2**20):
            file.write(b"x" * 2**20)
        file.write(after)


def wanted(_: bytes) -> bool:
    return True


def test_an_endless_line_takes_little_memory(tmp_path: Path) -> None:
    """What stands before and behind it is shown, and its beginning."""
    endless(tmp_path / OLDER, b"first\n", b"\nlast\n")
    logs = LogFiles([tmp_path / "SuccessfulLogins.log"])
    tracemalloc.start()
    excerpt = logs.excerpt(OLDER, None, 200, wanted)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [len(line) for line in excerpt.lines] == [5, LINE_OCTETS, 4]
    assert peak < BOUND
    older = logs.excerpt(OLDER, 6 + ENDLESS + 1, 200, wanted)
    assert [len(line) for line in older.lines] == [5, LINE_OCTETS]


def test_what_is_unpacked_for_one_page_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailauth.events.file_lines.lines.__defaults__", (BOUND,))
    endless(tmp_path / OLDER)
    logs = LogFiles([tmp_path / "SuccessfulLogins.log"])
    with pytest.raises(TooLong):
        logs.excerpt(OLDER, None, 200, wanted)


def test_the_page_says_that_a_file_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from twisted.internet.defer import maybeDeferred

    monkeypatch.setattr("mailauth.web.console.log_pages.deferToThread", maybeDeferred)
    monkeypatch.setattr("mailauth.events.file_lines.lines.__defaults__", (BOUND,))
    endless(tmp_path / OLDER)
    browser = Browser(Server(logs=tmp_path))
    browser.sign_in("root@mydomain.com", "in charge")
    answer = browser.get(f"/log?file={OLDER}")
    assert answer.status == 422
    assert "too long" in answer.text


def test_the_history_passes_over_an_endless_line(tmp_path: Path) -> None:
    endless(
        tmp_path / "LoginAttempts.2026-11-21.jsonl.gz",
        encode(event(1)) + b"\n",
        b"\n" + encode(event(2)) + b"\n",
    )
    history = JournalHistory(tmp_path / "LoginAttempts.jsonl")
    tracemalloc.start()
    batch = history.between(0, 2, 10, Selection())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [one.seq for one in batch.events] == [1, 2]
    assert peak < BOUND
