"""Events read back from the journal and its older files."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pytest

from mailauth.events.history import LONG_ENOUGH, JournalHistory
from mailauth.events.selection import Selection
from mailauth.record.journal import encode
from tests.support.events import event

EVERYTHING = Selection()


def lines(numbers: Iterable[int]) -> bytes:
    return b"".join(encode(event(seq)) for seq in numbers)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Three files: 1 to 99 compressed, 100 to 999, then every other number up to 2999."""
    path = tmp_path / "LoginAttempts.jsonl"
    with gzip.open(tmp_path / "LoginAttempts.2026-11-21.jsonl.gz", "wb") as file:
        file.write(lines(range(1, 100)))
    (tmp_path / "LoginAttempts.2026-11-22.jsonl").write_bytes(lines(range(100, 1000)))
    path.write_bytes(lines(range(1001, 3000, 2)))
    return path


@pytest.mark.parametrize("after", [0, 1, 50, 98, 99, 100, 998, 999, 1000, 1001, 1002, 2995, 2998])
def test_events_behind_any_number(journal: Path, after: int) -> None:
    expected = [seq for seq in [*range(1, 1000), *range(1001, 3000, 2)] if seq > after][:5]
    batch = JournalHistory(journal).between(after, 2999, 5, EVERYTHING)
    assert [one.seq for one in batch.events] == expected
    assert batch.cursor == expected[-1] if len(expected) == 5 else 2999


def test_all_of_it(journal: Path) -> None:
    batch = JournalHistory(journal).between(0, 2999, 10_000, EVERYTHING)
    assert len(batch.events) == 1999
    assert batch.cursor == 2999
    assert batch.events[0] == event(1)


def test_what_is_not_committed_yet_is_not_read(journal: Path) -> None:
    """DESIGN 2.5: a record beyond what the recorder has told of may still be cut back."""
    batch = JournalHistory(journal).between(2990, 2995, 10, EVERYTHING)
    assert [one.seq for one in batch.events] == [2991, 2993, 2995]
    assert batch.cursor == 2995


def test_lines_that_are_no_records_are_passed_over(journal: Path) -> None:
    with journal.open("ab") as file:
        file.write(b"garbage\n\xff\xfe\n{}\n\n" + lines([3001]) + b'{"seq": 3003, "to')
    batch = JournalHistory(journal).between(2999, 3001, 10, EVERYTHING)
    assert [one.seq for one in batch.events] == [3001]
    journal.write_bytes(b"garbage\n" * 50_000 + lines([3001]))
    batch = JournalHistory(journal).between(2999, 3001, 10, EVERYTHING)
    assert [one.seq for one in batch.events] == [3001]


def test_a_selection_reads_on_and_stops_in_time(tmp_path: Path) -> None:
    path = tmp_path / "LoginAttempts.jsonl"
    count = LONG_ENOUGH + 5
    path.write_bytes(lines(range(1, count)) + encode(event(count, user="sue@mydomain.com")))
    history = JournalHistory(path)
    sue = Selection(user="sue@mydomain.com")
    first = history.between(0, count, 1, sue)
    assert (first.events, first.cursor) == ([], LONG_ENOUGH)
    second = history.between(first.cursor, count, 1, sue)
    assert [one.seq for one in second.events] == [count]


def test_what_was_removed_is_passed_over(journal: Path) -> None:
    journal.unlink()
    assert JournalHistory(journal).between(2000, 2999, 10, EVERYTHING).cursor == 2999
    assert (
        JournalHistory(journal.parent / "no" / "x.jsonl").between(0, 5, 9, EVERYTHING).cursor == 5
    )
