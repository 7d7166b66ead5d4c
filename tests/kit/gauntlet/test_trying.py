"""Commands that clients are started by."""

import os
import re
import select
import signal
import time
from pathlib import Path

import pytest

from mailauth.kit.gauntlet.trying import Oracle, command_line, run

VALUES = {"host": "localhost", "port": "1234", "password": "se cret", "ca": "/a b/ca.pem"}


def test_placeholders_are_quoted_and_other_braces_are_the_shells() -> None:
    template = "echo {host}:{port} --ca {ca} ${HOME} {nothing}"
    assert command_line(template, VALUES) == (
        "echo localhost:1234 --ca '/a b/ca.pem' ${HOME} {nothing}"
    )


def test_what_it_says_is_kept_without_the_password() -> None:
    assert run("echo first; echo last {password}", VALUES, 10).words == "last *"
    failed = run("echo first $MAILAUTH_PORT; echo last; exit 3", VALUES, 10)
    assert (failed.code, failed.words) == (3, "first 1234")


def test_nothing_of_it_is_left_running(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    began = time.monotonic()
    ended = run(f"sleep 60 & echo $! >{pid}; wait", VALUES, 0.5)
    assert ended.code is None
    assert time.monotonic() - began < 20
    assert _ends(int(pid.read_text()))
    left_behind = run(f"sleep 60 >/dev/null 2>&1 & echo $! >{pid}", VALUES, 20)
    assert left_behind.code == 0
    assert _ends(int(pid.read_text()))


def test_somebody_who_keeps_its_output_is_not_waited_for(tmp_path: Path) -> None:
    """A client may leave something behind in a session of its own."""
    pid = tmp_path / "pid"
    began = time.monotonic()
    ended = run(f"setsid sh -c 'echo $$ >{pid}; exec sleep 60' & sleep 0.3; echo said", VALUES, 50)
    assert (ended.code, ended.words) == (0, "said")
    assert time.monotonic() - began < 25
    os.kill(int(pid.read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("oracle", "command", "well"),
    [
        (Oracle(), "echo fine", True),
        (Oracle(), "echo fine; exit 1", False),
        (Oracle(succeeded=re.compile("fine")), "echo fine; exit 1", True),
        (Oracle(succeeded=re.compile("fine")), "echo no", False),
        (Oracle(failed=re.compile("^error", re.MULTILINE)), "echo ok; echo error: no", False),
        (Oracle(failed=re.compile("^error", re.MULTILINE)), "echo ok; exit 3", True),
        (Oracle(re.compile("ok"), re.compile("error")), "echo ok; echo error", False),
    ],
)
def test_what_a_client_says_can_count_for_more_than_its_exit_code(
    oracle: Oracle, command: str, well: bool
) -> None:
    assert run(command, VALUES, 20, oracle).says_well is well


@pytest.mark.parametrize(
    "said",
    [
        "fdm: already running (/root/.fdm.lock)",
        "fetchmail: another foreground fetchmail is running: already locked",
        "Cannot acquire lock on /home/bob/.mbsyncstate",
        "Another instance of getmail is running",
    ],
)
def test_a_lock_of_the_clients_own_is_recognised(said: str) -> None:
    assert run(f"echo '{said}' >&2; exit 1", VALUES, 20).is_locked
    assert not run(f"echo '{said}'", VALUES, 20).is_locked
    assert not run("echo 'handshake failed: block cipher'; exit 1", VALUES, 20).is_locked


def _ends(pid: int) -> bool:
    """Say whether a process has ended, or ends now that it was killed."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 10)[0])
    finally:
        os.close(process)
