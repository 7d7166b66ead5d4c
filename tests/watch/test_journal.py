"""systemd's journal is followed by `journalctl` as a child, which may end at any moment."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.watch.cursor import SourceCursor
from mailauth.watch.journal import LONGEST_ENTRY, PAUSES, FollowedJournal, NoJournal
from mailauth.watch.source import Start
from tests.record.desk import Clock

REMOTE = Path("/lib/systemd/systemd-journal-remote")

# What tests need of journalctl: entries of a file with a number each, as their cursor.
FAKE = """#!{python}
import json, sys, time
log, options = {log!r}, dict(each.partition("=")[::2] for each in sys.argv[1:])
open({log!r} + ".calls", "a").write(" ".join(sys.argv[1:]) + "\\n")
if __import__("os").path.exists({log!r} + ".broken"):
    sys.exit("no journal files were found")
lines = open(log).read().splitlines()
numbered = [json.dumps({{"__CURSOR": f"c{{n}}", "MESSAGE": line}}) for n, line in enumerate(lines)]
if "--reverse" in options:
    end = int(options["--cursor"][1:]) + 1 if "--cursor" in options else len(numbered)
    print("\\n".join(reversed(numbered[:end])))
    sys.exit()
at = int(options["--after-cursor"][1:]) + 1 if "--after-cursor" in options else 0
while not __import__("os").path.exists({log!r} + ".end"):
    lines = open(log).read().splitlines()
    for n in range(at, len(lines)):
        print(json.dumps({{"__CURSOR": f"c{{n}}", "MESSAGE": lines[n]}}), flush=True)
    at = len(lines)
    time.sleep(0.01)
"""


class Journal:
    """A journal that has lines for entries."""

    def __init__(self, place: Path) -> None:
        self.log = place / "entries"
        self.seconds = Clock(0.0)
        self.source: FollowedJournal
        self.log.touch()
        program = place / "journalctl"
        program.write_text(FAKE.format(python=sys.executable, log=str(self.log)))
        program.chmod(0o755)

    def append(self, *lines: str) -> None:
        with self.log.open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def open(self, start: Start = Start.END, cursor: SourceCursor | None = None) -> str:
        """Open the source, and return what comes before its beginning."""
        self.source = FollowedJournal(start, cursor, self.seconds)
        return self.source.look_back()

    def read(self, count: int) -> list[str]:
        """Read so many messages."""
        found: list[str] = []
        deadline = time.monotonic() + 20.0
        while len(found) < count:
            assert time.monotonic() < deadline, found
            piece = self.source.read()
            if piece is None:
                time.sleep(0.01)
            else:
                found += [json.loads(line)["MESSAGE"] for line in piece.text.split("\n")]
        return found

    def wait_for_the_end(self) -> None:
        """Wait until the child has ended."""
        deadline = time.monotonic() + 20.0
        while self.source.is_running:
            assert self.source.read() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)

    @property
    def calls(self) -> list[str]:
        return Path(f"{self.log}.calls").read_text().splitlines()


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    monkeypatch.setenv("PATH", str(tmp_path))
    journal = Journal(tmp_path)
    yield journal
    journal.source.close()


def test_reading_begins_at_the_end_and_looks_back(journal: Journal) -> None:
    journal.append("one", "two")
    before = [json.loads(line)["MESSAGE"] for line in journal.open().split("\n")]
    assert before == ["one", "two"]
    journal.append("three")
    assert journal.read(1) == ["three"]
    assert journal.source.cursor([]).entry == "c2"


def test_reading_begins_at_the_beginning(journal: Journal) -> None:
    journal.append("one", "two")
    assert journal.open(Start.BEGINNING) == ""
    assert journal.read(2) == ["one", "two"]


def test_reading_goes_on_after_the_cursor(journal: Journal) -> None:
    journal.append("one", "two", "three")
    journal.open(cursor=SourceCursor(entry="c0"))
    assert journal.read(2) == ["two", "three"]


def test_a_child_that_ends_is_started_again_after_a_pause_that_grows(journal: Journal) -> None:
    journal.append("one")
    journal.open(Start.BEGINNING)
    assert journal.read(1) == ["one"]
    broken, end = Path(f"{journal.log}.broken"), Path(f"{journal.log}.end")
    broken.touch()
    end.touch()
    calls = []
    for _ in range(8):
        journal.wait_for_the_end()
        calls.append(len(journal.calls))
        journal.seconds.seconds += 1.0
        journal.source.read()
    assert calls == [1, 2, 2, 3, 3, 3, 3, 4]  # after 1, 2 and 4 seconds
    broken.unlink()
    end.unlink()
    journal.wait_for_the_end()
    journal.seconds.seconds += PAUSES[1]
    journal.append("two")
    assert journal.read(1) == ["two"]
    assert "--after-cursor=c0" in journal.calls[-1]


def test_an_entry_without_end_is_passed_over(journal: Journal) -> None:
    journal.open()
    journal.append("x" * (LONGEST_ENTRY + 100_000), "two")
    assert journal.read(1) == ["two"]


def test_a_journal_that_cannot_be_read_is_an_error(journal: Journal) -> None:
    journal.source = FollowedJournal(Start.END, None, journal.seconds)
    Path(f"{journal.log}.broken").touch()
    with pytest.raises(NoJournal, match="no journal files were found"):
        journal.source.look_back()


def test_without_journalctl_the_journal_cannot_be_read(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.source = FollowedJournal(Start.END, None, journal.seconds)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoJournal, match="not installed"):
        journal.source.look_back()


def test_the_real_journalctl_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entries come in order, after the cursor, and while it follows the file."""
    journalctl = shutil.which("journalctl")
    if journalctl is None or not REMOTE.exists():
        pytest.skip("systemd's journalctl and systemd-journal-remote are not installed")
    file = tmp_path / "mail.journal"
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {journalctl} --file={file} "$@"\n')
    program.chmod(0o755)
    writing = subprocess.Popen(
        [str(REMOTE), f"--output={file}", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert writing.stdin is not None

    numbers = itertools.count(1)

    def write(*messages: str) -> None:
        assert writing.stdin is not None
        for message in messages:
            number = next(numbers)
            writing.stdin.write(
                f"__REALTIME_TIMESTAMP={1_795_000_000_000_000 + number}\n"
                f"__MONOTONIC_TIMESTAMP={number}\n"
                "_BOOT_ID=0123456789abcdef0123456789abcdef\nSYSLOG_IDENTIFIER=dovecot\n"
                f"_HOSTNAME=mx\nMESSAGE={message}\n\n".encode()
            )
        writing.stdin.flush()

    write("one", "two")
    while (
        not file.exists()
        or subprocess.run([str(program), "--quiet"], capture_output=True).stdout.count(b"\n") < 2
    ):
        time.sleep(0.05)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    journal = Journal(tmp_path)
    before = [json.loads(line)["MESSAGE"] for line in journal.open().split("\n")]
    assert before == ["one", "two"]
    write("three")
    assert journal.read(1) == ["three"]
    cursor = journal.source.cursor([])
    journal.source.close()
    write("four")
    again = [json.loads(line)["MESSAGE"] for line in journal.open(cursor=cursor).split("\n")]
    assert again == ["one", "two", "three"]
    assert journal.read(1) == ["four"]
    journal.source.close()
    writing.stdin.close()
    writing.wait(10)
