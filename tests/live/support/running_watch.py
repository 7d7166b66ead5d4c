"""`mailauth watch` in a process of its own, which is not root's."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from mailauth.testing import RunningServer

_AS_A_USER = ("unshare", "--user", "--map-user=1000", "--map-group=1000", "--")


@cache
def as_a_user() -> tuple[str, ...]:
    """Return what runs a command without privileges, with our own files."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("unshare") is None or subprocess.run([*_AS_A_USER, "true"]).returncode != 0:
        pytest.skip("no user namespace can be made, and root does not watch")
    return _AS_A_USER


class RunningWatch(RunningServer):
    """Follows logs into the home `place/home`; `place` is made with what `stderr` holds."""

    def __init__(self, place: Path, *arguments: str, path: str | None = None) -> None:
        place.mkdir(exist_ok=True)
        super().__init__(place / "home", *arguments)
        self.stderr_file = place / "stderr.txt"
        self._path = path

    def command(self) -> list[str]:
        """Return the command to run."""
        search = () if self._path is None else ("env", f"PATH={self._path}")
        return [
            *as_a_user(),
            *search,
            *(sys.executable, "-m", "mailauth", "watch", "--home", str(self.home)),
            *("--port", "0", "--ready-json", "--exit-with-stdin", *self._arguments),
        ]
