"""The console's logs: read on as they grow, and made again whenever the cache does not fit."""

import gzip
import shutil
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mailauth.report.home import CACHE_NAME, HomeLogs, LogsClosed
from mailauth.report.period import Wanted
from mailauth.report.reading import GENTLE, Reader
from mailauth.report.rows import Case, Login
from tests.support.asking import EVERYTHING
from tests.support.writing import BOB, Story

MARY = "mary@mydomain.com"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".mailauth"


@pytest.fixture
def logs(story: Story, state: Path) -> HomeLogs:
    return HomeLogs(story.lines.parent, state)


def seen(logs: HomeLogs) -> list[tuple[str, str | None]]:
    return [(login.account, login.mechanism) for login in logs.rows(Login, EVERYTHING)]


def test_nothing_is_opened_before_the_first_question(logs: HomeLogs, state: Path) -> None:
    assert not state.exists()
    assert logs.rows(Case, EVERYTHING) == []
    assert (state / CACHE_NAME).exists()


def test_what_is_added_is_seen_with_its_evidence(story: Story, logs: HomeLogs) -> None:
    story.login()
    assert seen(logs) == [(BOB, "PLAIN")]
    story.login(MARY, mechanism="SCRAM-SHA-256")
    assert seen(logs) == [(BOB, "PLAIN"), (MARY, "SCRAM-SHA-256")]
    assert [case.account for case in logs.rows(Case, EVERYTHING)] == [MARY, BOB]


def test_a_line_that_is_being_written_is_not_one_yet(story: Story, logs: HomeLogs) -> None:
    story.login()
    whole = story.lines.read_bytes()
    story.lines.write_bytes(whole[:-10])
    assert seen(logs) == []
    story.lines.write_bytes(whole)
    assert seen(logs) == [(BOB, "PLAIN")]


def test_rotation_and_compression_change_nothing(story: Story, logs: HomeLogs) -> None:
    story.login()
    assert seen(logs) == [(BOB, "PLAIN")]
    story.login(MARY)
    older = story.lines.with_name("SuccessfulLogins.2026-11-23.log")
    story.lines.rename(older)
    story.lines.touch()
    story.login("sue@mydomain.com")
    three = [(BOB, "PLAIN"), (MARY, "PLAIN"), ("sue@mydomain.com", "PLAIN")]
    assert seen(logs) == three
    older.with_name(older.name + ".gz").write_bytes(gzip.compress(older.read_bytes()))
    older.unlink()
    assert seen(logs) == three
    story.login()
    assert seen(logs) == [*three, (BOB, "PLAIN")]


def test_a_removed_older_file_is_forgotten(story: Story, logs: HomeLogs) -> None:
    story.login()
    older = story.lines.with_name("SuccessfulLogins.2026-11-23.log")
    story.lines.rename(older)
    story.lines.touch()
    story.login(MARY)
    assert len(seen(logs)) == 2
    older.unlink()
    assert seen(logs) == [(MARY, "PLAIN")]


def test_what_was_cut_back_and_written_anew_is_read_anew(story: Story, logs: HomeLogs) -> None:
    story.login()
    story.login(MARY)
    before = story.lines.read_bytes()
    assert len(seen(logs)) == 2
    story.lines.write_bytes(before.replace(b"mary", b"jane") + before)
    assert [name for name, _ in seen(logs)][:2] == [BOB, "jane@mydomain.com"]
    story.lines.write_bytes(b"")
    assert seen(logs) == []


def test_the_cache_is_used_again_and_read_on(story: Story, logs: HomeLogs, state: Path) -> None:
    story.login()
    assert len(seen(logs)) == 1
    logs.close()
    story.login(MARY)
    again = HomeLogs(story.lines.parent, state)
    assert seen(again) == [(BOB, "PLAIN"), (MARY, "PLAIN")]
    again.close()


def test_the_cache_may_be_deleted_at_any_time(story: Story, logs: HomeLogs, state: Path) -> None:
    story.login()
    assert len(seen(logs)) == 1
    shutil.rmtree(state)
    story.login(MARY)
    assert len(seen(logs)) == 2


def test_a_cache_that_is_damaged_or_of_another_version_is_made_again(
    story: Story, logs: HomeLogs, state: Path
) -> None:
    story.login()
    assert len(seen(logs)) == 1
    logs.close()
    (state / CACHE_NAME).write_bytes(b"this is no database" * 1000)
    logs = HomeLogs(story.lines.parent, state)
    assert len(seen(logs)) == 1
    logs.close()
    with duckdb.connect(str(state / CACHE_NAME)) as other:
        other.execute("UPDATE made_from SET version = 'another'")
        other.execute("DELETE FROM lines")
    assert len(seen(HomeLogs(story.lines.parent, state))) == 1


def test_a_reading_that_was_never_finished_is_not_counted_twice(
    story: Story, logs: HomeLogs, state: Path
) -> None:
    story.login()
    assert len(seen(logs)) == 1
    story.login(MARY)
    logs.close()
    with duckdb.connect(str(state / CACHE_NAME)) as other:  # as a process leaves it that is killed
        other.execute(
            "INSERT INTO lines SELECT ordinal + 1, file, line + 1, time, verdict, account, address,"
            " origin, NULL, NULL, NULL FROM lines"
        )
    assert seen(HomeLogs(story.lines.parent, state)) == [(BOB, "PLAIN"), (MARY, "PLAIN")]


def test_without_a_place_for_the_cache_the_logs_are_read_all_the_same(
    story: Story, state: Path
) -> None:
    state.write_text("a file stands where the directory should be")
    logs = HomeLogs(story.lines.parent, state)
    story.login()
    assert len(seen(logs)) == 1
    story.login(MARY)
    assert len(seen(logs)) == 2


def test_names_are_decoded_once(story: Story, logs: HomeLogs) -> None:
    story.login("50%41")
    assert seen(logs) == [("50%41", "PLAIN")]
    story.login("a b")
    assert [name for name, _ in seen(logs)] == ["50%41", "a b"]


def test_a_journal_alone_goes_on_too(story: Story, logs: HomeLogs) -> None:
    story.lines.unlink()
    story.login(line=False)
    assert len(seen(logs)) == 1
    story.login(line=False)
    assert len(seen(logs)) == 2


def test_threads_may_ask_at_once_while_the_logs_grow(story: Story, logs: HomeLogs) -> None:
    counts: list[list[int]] = [[] for _ in range(4)]
    errors: list[BaseException] = []

    def ask(found: list[int]) -> None:
        try:
            found.extend(len(logs.rows(Login, Wanted(account=BOB))) for _ in range(10))
        except BaseException as error:  # noqa: BLE001 (handed to the test)
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(found,)) for found in counts]
    for thread in threads:
        thread.start()
    for _ in range(50):
        story.login()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(found == sorted(found) for found in counts)
    assert len(logs.rows(Login, EVERYTHING)) == 50


def test_closing_breaks_off_what_is_being_read(
    story: Story, logs: HomeLogs, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that stops does not wait until a large log has been read; the rest is read later."""
    story.login()
    story.login(MARY)
    read = threading.Event()
    inserted = Reader._insert

    def slowly(self: Reader, *arguments: Any) -> None:
        inserted(self, *arguments)
        read.set()
        assert logs._closed.wait(10)

    monkeypatch.setattr(Reader, "_insert", slowly)
    outcome: list[BaseException] = []

    def ask() -> None:
        try:
            seen(logs)
        except LogsClosed as closed:
            outcome.append(closed)

    asking = threading.Thread(target=ask)
    asking.start()
    assert read.wait(10)
    logs.close()
    asking.join(10)
    assert len(outcome) == 1
    with pytest.raises(LogsClosed):
        seen(logs)
    monkeypatch.setattr(Reader, "_insert", inserted)
    assert len(seen(HomeLogs(story.lines.parent, state))) == 2


def test_how_far_the_files_have_been_read_is_known(story: Story, state: Path) -> None:
    """Of a compressed one it is a guess; afterwards there is nothing left to read."""
    for _ in range(50):
        story.login()
    with gzip.open(story.lines.with_name("SuccessfulLogins.2026-11-22.log.gz"), "wb") as older:
        older.write(story.lines.read_bytes())
    heard: list[int] = []

    class Watched(HomeLogs):
        def _note_progress(self, octets: int) -> None:
            super()._note_progress(octets)
            if self.reading is not None:
                heard.append(self.reading.percent)

    logs = Watched(story.lines.parent, state)
    assert logs.reading is None
    assert len(logs.rows(Login, EVERYTHING)) == 100
    assert heard == sorted(heard)
    assert 0 < heard[0] < heard[-1] <= 99
    assert logs.reading is None
    heard.clear()
    logs.rows(Login, EVERYTHING)
    assert heard == []
    story.login()
    logs.rows(Login, EVERYTHING)
    assert heard[-1] == 99
    assert logs.reading is None


def test_a_large_log_is_read_in_small_pieces(story: Story, state: Path) -> None:
    """Each holds up the server's logins for as long as it is converted."""
    story.login()
    line = story.lines.read_bytes()
    story.lines.write_bytes(line * (3 * GENTLE.chunk // len(line)))
    pieces: list[int] = []

    class Watched(HomeLogs):
        def _note_progress(self, octets: int) -> None:
            pieces.append(octets)
            super()._note_progress(octets)

    logs = Watched(story.lines.parent, state)
    assert logs.totals(EVERYTHING).logins == 3 * GENTLE.chunk // len(line)
    assert max(pieces) == GENTLE.chunk
    assert sum(pieces) == story.lines.stat().st_size + story.journal.stat().st_size
