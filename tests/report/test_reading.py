"""Files as they come: compressed, cut, from Windows, damaged, in any order (DESIGN 2.1, 4)."""

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.report.chunks import CHUNK_OCTETS, chunks
from mailauth.report.findings import BadLine
from mailauth.report.opening import opened_logs
from mailauth.report.rows import Login
from mailauth.report.sources import sources_of_directory, sources_of_files
from tests.support.asking import findings, of_directory, of_files
from tests.support.writing import Story

LINE = "2026-11-23 10:00:{:02d},000 - [IMAP] {{SECURE}} - {} - 10.0.0.1 (LAN)\n"


def accounts(*paths: Path) -> list[str]:
    return [login.account for login in of_files(Login, *paths)]


@given(st.binary(max_size=200), st.integers(1, 40))
def test_chunks_are_the_lines_of_the_file(data: bytes, size: int) -> None:
    data = data.replace(b"\r", b"").removeprefix(b"\xef\xbb\xbf")
    longest = max(map(len, data.split(b"\n")))
    read = list(chunks(io.BytesIO(data), size=size))
    text = "\n".join(chunk.text for chunk in read)
    if longest < size:
        assert text == data.removesuffix(b"\n").decode("utf-8", "replace")
    assert sum(chunk.lines for chunk in read) == len(data.splitlines()) or not data.isascii()
    assert [chunk.first for chunk in read] == [
        1 + sum(chunk.lines for chunk in read[:at]) for at in range(len(read))
    ]
    if read:
        assert read[-1].end == len(data)


def test_an_endless_line_is_one_bad_line_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "endless.log"
    with path.open("w") as file:
        file.write(LINE.format(1, "before"))
        file.writelines("x" * CHUNK_OCTETS for _ in range(3))
        file.write("\n" + LINE.format(2, "after"))
    assert accounts(path) == ["before", "after"]
    [bad] = findings(path).bad
    assert (bad.count, bad.lines, bad.first[0].number) == (1, 3, 2)


def test_bad_lines_are_counted_and_named_and_never_fatal(tmp_path: Path) -> None:
    path = tmp_path / "some.log"
    path.write_text(LINE.format(1, "a") + "what is this\n\n" + LINE.format(2, "b"))
    assert accounts(path) == ["a", "b"]
    [bad] = findings(path).bad
    assert (bad.count, bad.lines) == (2, 4)
    reason = 'no time such as "2020-07-28 16:12:02,759" at its beginning'
    assert bad.first == (BadLine(2, reason), BadLine(3, reason))


def test_an_empty_log_has_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.touch()
    assert accounts(path) == []
    assert findings(path).bad == ()


def test_lines_from_windows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.log"
    text = "\ufeff" + LINE.format(1, "a") + LINE.format(2, "b")
    path.write_bytes(text.replace("\n", "\r\n").encode())
    assert accounts(path) == ["a", "b"]
    assert findings(path).bad == ()


def test_a_last_line_without_an_ending_counts(tmp_path: Path) -> None:
    path = tmp_path / "torn.log"
    path.write_text((LINE.format(1, "a") + LINE.format(2, "b")).rstrip("\n"))
    assert accounts(path) == ["a", "b"]


def test_a_country_in_another_encoding_does_not_hide_the_login(tmp_path: Path) -> None:
    path = tmp_path / "latin.log"
    path.write_bytes(LINE.format(1, "a").replace("LAN", "Côte d'Ivoire").encode("latin-1"))
    [login] = of_files(Login, path)
    assert login.origin == "C\N{REPLACEMENT CHARACTER}te d'Ivoire"
    assert [entry.line for entry in findings(path).not_utf8] == [1]


def test_names_are_read_back_as_the_accounts_they_print(tmp_path: Path) -> None:
    path = tmp_path / "names.log"
    names = ["a%20b", "50%", "%2541", "caf%C3%A9", "x - y", "z"]
    path.write_text("".join(LINE.format(second, name) for second, name in enumerate(names)))
    assert accounts(path) == ["a b", "50%", "%41", "caf%C3%A9", "x - y", "z"]


def test_compressed_and_rotated_files_are_one_story(tmp_path: Path) -> None:
    """`STEM.YYYY-MM-DD.EXT`, `STEM.YYYY-MM-DD.2.EXT`, `.gz` behind it when compressed."""
    logs = tmp_path / "logs"
    logs.mkdir()
    with gzip.open(logs / "SuccessfulLogins.2026-11-21.log.gz", "wt") as file:
        file.write(LINE.format(1, "first"))
    (logs / "SuccessfulLogins.2026-11-22.log").write_text(LINE.format(2, "second"))
    with gzip.open(logs / "SuccessfulLogins.2026-11-22.log.gz", "wt") as file:
        file.write(LINE.format(2, "the same, half compressed")[:20])
    (logs / "SuccessfulLogins.2026-11-22.2.log").write_text(LINE.format(3, "third"))
    (logs / "SuccessfulLogins.log").write_text(LINE.format(4, "fourth"))
    (logs / "SuccessfulLogins.log.bak").write_text(LINE.format(5, "not ours"))
    names = [login.account for login in of_directory(Login, logs)]
    assert names == ["first", "second", "third", "fourth"]


def test_files_are_told_by_what_they_hold_and_ordered_by_time(tmp_path: Path) -> None:
    early, late = tmp_path / "b", tmp_path / "a.txt"
    with gzip.open(early, "wt") as file:
        file.write(LINE.format(1, "early"))
    late.write_text(LINE.format(2, "late"))
    assert accounts(late, early, late) == ["early", "late"]


def test_failed_logins_are_not_taken_for_successes(tmp_path: Path) -> None:
    failures = tmp_path / "InvalidPasswordAttempts.log"
    failures.write_text(LINE.format(1, "mallory").rstrip("\n") + " - wrong password (again)\n")
    sources = sources_of_files([failures])
    assert sources.passed_over == (failures,)
    assert sources.lines == ()


def test_a_log_that_was_pasted_together_in_the_wrong_order_is_put_right(tmp_path: Path) -> None:
    path = tmp_path / "pasted.log"
    path.write_text(
        "2026-11-24 10:00:00,000 - [IMAP] {SECURE} - bob - 10.0.0.1 (LAN)\n"
        "2026-11-20 10:00:00,000 - [IMAP] {UNSECURE} - bob - 10.0.0.1 (LAN)\n"
    )
    assert [login.verdict for login in of_files(Login, path)] == ["UNSECURE", "SECURE"]


def test_the_logs_of_two_servers_are_merged_by_time(tmp_path: Path) -> None:
    one, two = tmp_path / "one.log", tmp_path / "two.log"
    one.write_text(LINE.format(1, "a") + LINE.format(5, "c"))
    two.write_text(LINE.format(3, "b") + LINE.format(7, "d"))
    assert accounts(one, two) == ["a", "b", "c", "d"]


def test_a_damaged_archive_counts_as_far_as_it_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.log.gz"
    whole = gzip.compress("".join(LINE.format(n % 60, f"user{n}") for n in range(5000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    [unreadable] = findings(path).unreadable
    assert unreadable.reason == "Compressed file ended before the end-of-stream marker was reached"
    read = accounts(path)
    assert read[:2] == ["user0", "user1"]
    assert 1000 < len(read) < 5000
    path.write_bytes(whole[:50])
    with pytest.raises(OSError, match="cannot be decompressed"):
        accounts(path)


def test_lines_and_journal_count_a_login_once_and_the_line_is_the_truth(story: Story) -> None:
    story.login()
    story.login(mechanism="SCRAM-SHA-256")
    story.login("ghost", line=False)
    logs = story.lines.parent
    with opened_logs(sources_of_directory(logs)) as opened:
        assert opened.findings.unmatched == 1
    logins = of_directory(Login, logs)
    assert [(login.account, login.mechanism) for login in logins] == [
        ("bob@mydomain.com", "PLAIN"),
        ("bob@mydomain.com", "SCRAM-SHA-256"),
    ]


def test_logins_of_the_same_millisecond_find_their_own_records(story: Story) -> None:
    for port in range(5):
        story.login(local_port=port)
        story.wait(minutes=-1)
    assert [login.port for login in of_directory(Login, story.lines.parent)] == list(range(5))


def test_without_lines_the_journal_stands_for_them(story: Story) -> None:
    story.login()
    story.login(secure=True)
    assert [login.verdict for login in of_files(Login, story.journal)] == ["UNSECURE", "SECURE"]


def test_bad_records_are_counted_and_never_fatal(story: Story) -> None:
    story.login()
    with story.journal.open("ab") as journal:
        journal.write(b'{"at": 5}\n[1]\n{"kind"\n\xff\xfe\n' + b'{"a":' * 10000 + b"\n")
    story.login()
    assert len(of_files(Login, story.journal)) == 2
    [bad] = findings(story.journal).bad
    assert (bad.count, bad.first[0].reason) == (5, "no record of a journal")
