"""Commands that clients are started by."""

import os
import select
import time
from pathlib import Path

from mailauth.kit.gauntlet.trying import command_line, run

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
