"""`mailauth expect`, on servers that run, that have ended, and on files."""

import bz2
import gzip
import imaplib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mailauth.testing import RunningServer

BOB = "bob@mydomain.com"
GOLDEN = Path(__file__).parents[2] / "golden"


class Said:
    """What the command has printed, and how it ended."""

    def __init__(self, home: Path, *arguments: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "mailauth", "expect", *arguments],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.code, self.out, self.error = done.returncode, done.stdout, done.stderr


def log_in(server: RunningServer, *, secure: bool = False, password: str = "secret") -> None:
    with imaplib.IMAP4("localhost", server.port("imap")) as client:
        if secure:
            client.starttls(server.trusting())
        with suppress(imaplib.IMAP4.error):
            client.login(BOB, password)


def soon(what: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(0.5, what)
    timer.start()
    return timer


def test_a_login_that_has_come_is_met_at_once(server: RunningServer) -> None:
    log_in(server, secure=True)
    said = Said(server.home, "--user", "BOB@mydomain.com", "--service", "imap", "--secure")
    assert said.code == 0
    assert said.out.startswith("met: a secure IMAP login of BOB@mydomain.com\n")
    assert "[IMAP] {SECURE} success bob@mydomain.com" in said.out


def test_what_is_met_is_shown_in_short(server: RunningServer) -> None:
    for _ in range(4):
        log_in(server, secure=True)
    said = Said(server.home, "--user", BOB, "--secure")
    assert (said.code, said.error) == (0, "")
    first, left_out, *shown = said.out.splitlines()
    assert first.startswith("met: ")
    assert left_out == "  (not shown: 1 earlier)"
    assert len(shown) == 3
    said = Said(server.home, "--user", BOB, "--secure", "--count", "0")
    assert said.code == 1
    assert len(said.out.splitlines()) == 5


def test_one_that_has_not_come_says_what_was_recorded_instead(server: RunningServer) -> None:
    log_in(server, password="wrong")
    said = Said(server.home, "--user", BOB, "--secure")
    assert said.code == 1
    assert said.out.startswith(f"NOT MET: a secure login of {BOB}\n  recorded instead:\n")
    assert f"{{UNSECURE}} bad-credentials {BOB}" in said.out


def test_waiting_ends_with_the_login(server: RunningServer) -> None:
    client = soon(lambda: log_in(server, secure=True))
    began = time.monotonic()
    said = Said(server.home, "--user", BOB, "--secure", "--within", "30s", "--no-exposure")
    client.join()
    assert said.code == 0, said.out
    assert time.monotonic() - began < 20
    assert said.out.count("met: ") == 2


def test_waiting_ends_with_the_first_exposure(server: RunningServer) -> None:
    client = soon(lambda: log_in(server))
    said = Said(server.home, "--no-exposure", "--within", "50s")
    client.join()
    assert said.code == 1
    assert "NOT MET: no password is exposed within 50 s" in said.out
    assert "PASSWORD EXPOSED" in said.out


def test_waiting_for_nothing_takes_all_the_time(server: RunningServer) -> None:
    began = time.monotonic()
    said = Said(server.home, "--count", "0", "--within", "1s", "--allow-empty")
    assert said.code == 0, said.out
    assert time.monotonic() - began >= 1


def test_since_the_start_leaves_out_what_was_before(server: RunningServer) -> None:
    log_in(server)
    server.stop()
    server.start()
    assert Said(server.home, "--unsecure").code == 0
    assert Said(server.home, "--unsecure", "--since-start").code == 1
    assert Said(server.home, "--all-secure", "--since-start").code == 2
    assert Said(server.home, "--all-secure", "--since-start", "--allow-empty").code == 0


def test_without_a_server_the_logs_answer(server: RunningServer) -> None:
    log_in(server)
    server.stop()
    assert Said(server.home, "--user", BOB, "--count", "1").code == 0
    assert Said(server.home, "--all-secure").code == 1
    for option in ("--within=1s", "--since-start"):
        said = Said(server.home, option)
        assert (said.code, said.out) == (1, "")
        assert said.error == f"error: no server is running on {server.home}\n"


def test_genuine_xeams_files_answer(tmp_path: Path) -> None:
    sample = str(GOLDEN / "xeams-first.log")
    assert Said(tmp_path, sample, "--user", BOB, "--service", "IMAP", "--unsecure").code == 0
    assert Said(tmp_path, sample, "--user", BOB, "--service", "IMAP", "--secure").code == 1
    said = Said(tmp_path, sample, "--no-exposure")
    assert said.code == 2
    assert said.error.startswith("error: --no-exposure needs LoginAttempts.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_nothing_to_judge_is_not_green(server: RunningServer) -> None:
    """Neither a record without anything in it, nor an account that is misspelt."""
    for expectation in (["--all-secure"], ["--no-exposure"], ["--count", "0"]):
        said = Said(server.home, *expectation)
        assert said.code == 2, said.out
        assert said.out.startswith("NOT JUDGED: ")
        assert said.error.startswith("error: nothing was tested: there was no ")
        assert Said(server.home, *expectation, "--allow-empty").code == 0
    log_in(server, secure=True)
    began = time.monotonic()
    said = Said(server.home, "--user", "bbo", "--count", "0", "--within", "30s")
    assert (said.code, said.error) == (2, "error: the server has no account bbo\n")
    assert time.monotonic() - began < 20
    assert Said(server.home, "--user", "BOB", "--count", "1", "--all-secure").code == 0
    assert Said(server.home, "--user", "mary", "--count", "0").code == 0
    assert Said(server.home, "--user", "mary", "--all-secure").code == 2
    server.stop()
    said = Said(server.home, "--user", "bbo", "--count", "0")
    assert (said.code, said.error) == (2, "error: bbo is neither an account nor in the record\n")
    assert Said(server.home, "--user", "bob", "--count", "1").code == 0


def test_logs_that_cannot_be_read_are_not_green(tmp_path: Path) -> None:
    genuine = (GOLDEN / "xeams-first.log").read_bytes()
    files = {
        "binary": bytes(range(256)) * 100,
        "SuccessfulLogins.log.bz2": bz2.compress(bytes(range(256)) * 100),
        "torn.gz": gzip.compress(os.urandom(100_000))[:5000],
        "empty.log": b"",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        said = Said(tmp_path, name, "--count", "0")
        assert said.code == 2, (name, said.out)
        assert said.error.startswith("error: "), name
    said = Said(tmp_path, "--all-secure")
    assert said.code == 2
    assert said.error.startswith("error: there are no logs in ")
    (tmp_path / "partly.log").write_bytes(genuine + b"\x00\xff\n")
    said = Said(tmp_path, "partly.log", "--user", "bob", "--unsecure")
    assert said.code == 0
    assert said.error.startswith(
        "warning: 1 line in these files could not be understood: partly.log:"
    )
    said = Said(tmp_path, "partly.log", "--user", "bbo", "--count", "0")
    assert (said.code, said.error.splitlines()[-1]) == (
        2,
        "error: bbo is neither an account nor in the record",
    )


@pytest.mark.parametrize("arguments", [["--within", "soon"], ["--count", "-1"], ["nothing.log"]])
def test_mistakes_are_usage_errors(tmp_path: Path, arguments: list[str]) -> None:
    said = Said(tmp_path, *arguments)
    assert said.code == 2
    assert said.error.startswith("error: ")


def test_ci_reads_the_verdicts(server: RunningServer) -> None:
    log_in(server)
    options = ("--user", BOB, "--unsecure", "--all-secure")
    assert Said(server.home, *options, "--format", "tap").out.splitlines()[:3] == [
        "TAP version 14",
        "1..2",
        f"ok 1 - an unsecure login of {BOB}",
    ]
    suite = ElementTree.fromstring(Said(server.home, *options, "--format", "junit").out)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    unseen = ("--user", "mary", "--all-secure")
    suite = ElementTree.fromstring(Said(server.home, *unseen, "--format", "junit").out)
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")
    assert "not ok 1" in Said(server.home, *unseen, "--format", "tap").out
