"""The log files as they are, read from their ends."""

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.web import raw_logs
from mailauth.web.raw_logs import LogFiles


def everything(_: bytes) -> bool:
    return True


def pages(files: LogFiles, name: str, count: int) -> list[list[bytes]]:
    """Page through a file to its beginning."""
    found, before = [], None
    while True:
        excerpt = files.excerpt(name, before, count, everything)
        found.append(excerpt.lines)
        if excerpt.before is None:
            return found
        assert before is None or excerpt.before < before
        before = excerpt.before


@pytest.fixture
def logs(tmp_path: Path) -> LogFiles:
    (tmp_path / "SuccessfulLogins.log").write_bytes(b"one\ntwo\nthree\nfour\nfive\n")
    with gzip.open(tmp_path / "SuccessfulLogins.2026-11-22.log.gz", "wb") as file:
        file.write(b"a\nb\nc\n")
    (tmp_path / "SuccessfulLogins.2026-11-21.log").write_bytes(b"z\n")
    (tmp_path / "secret.txt").write_bytes(b"x\n")
    return LogFiles([tmp_path / "SuccessfulLogins.log", tmp_path / "LoginAttempts.jsonl"])


def test_the_files_are_listed_the_newest_first(logs: LogFiles) -> None:
    assert logs.names() == [
        "SuccessfulLogins.log",
        "SuccessfulLogins.2026-11-22.log.gz",
        "SuccessfulLogins.2026-11-21.log",
    ]


def test_a_file_is_paged_from_its_end(logs: LogFiles) -> None:
    assert pages(logs, "SuccessfulLogins.log", 2) == [
        [b"four", b"five"],
        [b"two", b"three"],
        [b"one"],
    ]


def test_a_compressed_file_is_paged_too(logs: LogFiles) -> None:
    assert pages(logs, "SuccessfulLogins.2026-11-22.log.gz", 2) == [[b"b", b"c"], [b"a"]]


def test_lines_are_selected(logs: LogFiles) -> None:
    excerpt = logs.excerpt("SuccessfulLogins.log", None, 2, lambda line: b"o" in line)
    assert excerpt.lines == [b"two", b"four"]
    assert excerpt.before == len(b"one\n")


@pytest.mark.parametrize(
    "name", ["secret.txt", "../secret.txt", "/etc/passwd", "", "LoginAttempts.jsonl"]
)
def test_nothing_else_is_read(logs: LogFiles, name: str) -> None:
    with pytest.raises(LookupError):
        logs.excerpt(name, None, 2, everything)


@given(st.lists(st.binary(max_size=90).filter(lambda line: b"\n" not in line)), st.integers(1, 7))
def test_every_line_is_read_once(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], count: int
) -> None:
    """Whatever the blocks cut in two, `\\r`, NUL and empty lines included."""
    path = tmp_path_factory.mktemp("logs") / "x.log"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_logs, "_BLOCK", 16)
        found = [
            line for page in reversed(pages(LogFiles([path]), "x.log", count)) for line in page
        ]
    assert found == [line.rstrip(b"\r") for line in lines]


def test_a_line_without_an_end_is_not_read_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_logs, "LONG_ENOUGH", 1 << 20)
    path = tmp_path / "x.log"
    path.write_bytes(b"begin\n" + b"x" * (3 << 20) + b"\nend\n")
    excerpt = LogFiles([path]).excerpt("x.log", None, 10, everything)
    assert excerpt.lines == [b"end"]
    assert excerpt.before is None
