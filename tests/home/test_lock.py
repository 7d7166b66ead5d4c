"""Where a home's state is, and that what a server makes is not for others to change."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mailauth.home import NotPrivate, state_directory
from mailauth.testing import NotStarted, RunningServer


def test_the_state_of_a_home_is_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert stat.S_IMODE(state_directory(tmp_path).stat().st_mode) == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_state_directory_that_others_write_to_is_refused(tmp_path: Path, mode: int) -> None:
    """They may have put keys there; it is for the operator to look."""
    (tmp_path / ".mailauth").mkdir()
    (tmp_path / ".mailauth").chmod(mode)
    with pytest.raises(NotPrivate, match=rf"mode {mode:04o}.*`chmod 700 {tmp_path}/\.mailauth`"):
        state_directory(tmp_path)
    with pytest.raises(
        NotStarted, match=r"^error: \S+/\.mailauth: other users can write to this directory .*\n$"
    ):
        RunningServer(tmp_path).start()
    assert not (tmp_path / "logs").exists()


def test_nothing_that_is_made_is_for_others_to_write(tmp_path: Path) -> None:
    """Whatever the umask lets pass."""
    home = tmp_path / "home"
    command = [sys.executable, "-m", "mailauth"]
    before = os.umask(0)
    try:
        subprocess.run([*command, "init", "--home", str(home)], check=True, capture_output=True)
        with RunningServer(home):
            pass
        subprocess.run([*command, "report", "--home", str(home)], check=True, capture_output=True)
    finally:
        os.umask(before)
    made = [home, *home.rglob("*")]
    assert {"logs", "certs", ".mailauth"} <= {path.name for path in made}
    ours = [path for path in made if path.name != "stderr.txt" and not path.is_symlink()]
    assert [str(path) for path in ours if path.stat().st_mode & 0o022] == []
