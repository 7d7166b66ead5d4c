"""Other people's programs, run as they would be at home; a test is skipped where one is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def run(*command: str, home: Path, given: str = "") -> str:
    """Run a program whose home is `home`, and return its output; it has to exit with 0."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=given,
        env={**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def configuration(path: Path, text: str) -> str:
    """Write a file that nobody else can read, as programs want it for passwords."""
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)
