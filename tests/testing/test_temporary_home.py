"""Servers and homes of tests that were killed."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mailauth.testing import MailAuth
from mailauth.testing.temporary_home import PREFIX, TemporaryHome

# What pytest is to the fixture: a process that starts a server, and is killed before it stops it.
STARTER = """
import signal
from mailauth.testing import MailAuth
signal.signal(signal.SIGHUP, signal.SIG_DFL)
server = MailAuth()
server.start()
print(server._server.ready.pid, server.home, flush=True)
signal.pause()
"""
SECONDS = 30.0


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def ended(pidfd: int) -> bool:
    """Wait for the end of a process that need not be a child of ours."""
    return bool(select.select([pidfd], [], [], SECONDS)[0])


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="there are no pidfds on this system")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_server_ends_with_its_starter_and_its_home_is_swept(
    temporary_folder: Path, number: signal.Signals
) -> None:
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE) as starter:
        assert starter.stdout is not None
        pid, home = starter.stdout.readline().decode().split()
        server = os.pidfd_open(int(pid))
        try:
            with MailAuth() as other:
                assert Path(home).exists(), "somebody's live home was swept"
                starter.send_signal(number)
                assert starter.wait(SECONDS) == -number
                assert ended(server)
                assert other.home.exists()
        finally:
            os.close(server)
    assert [str(left) for left in temporary_folder.iterdir()] == [home]
    with TemporaryHome() as mine:
        assert list(temporary_folder.iterdir()) == [mine]
    assert list(temporary_folder.iterdir()) == []


def test_only_homes_whose_owners_are_gone_are_swept(temporary_folder: Path) -> None:
    left = temporary_folder / f"{PREFIX}left"
    (left / "logs").mkdir(parents=True)
    elsewhere = temporary_folder / "elsewhere"
    elsewhere.mkdir()
    (temporary_folder / f"{PREFIX}link").symlink_to(elsewhere)
    (temporary_folder / f"{PREFIX}file").touch()
    with TemporaryHome() as one, TemporaryHome() as two:
        kept = {path.name for path in temporary_folder.iterdir()}
        assert kept == {one.name, two.name, "elsewhere", f"{PREFIX}link", f"{PREFIX}file"}


def test_a_server_that_is_not_to_end_with_stdin_does_not(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mailauth", "serve", "--home", str(tmp_path), "--ephemeral"]
    done = subprocess.run(
        [*command, "--ready-json", "--exit-with-stdin"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout[:14]) == (0, b'{"ready":true,')
    with subprocess.Popen(
        [*command, "--ready-json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline().startswith(b'{"ready":true,')
        assert server.poll() is None
        server.terminate()
        assert server.wait(SECONDS) == 0


def test_a_stdin_that_is_not_open_is_a_mistake(tmp_path: Path) -> None:
    serve = (
        f"{sys.executable} -m mailauth serve --ephemeral --exit-with-stdin --home {tmp_path} <&-"
    )
    done = subprocess.run(
        ["sh", "-c", serve], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 2
    assert done.stderr == "error: --exit-with-stdin: stdin is not open\n"
