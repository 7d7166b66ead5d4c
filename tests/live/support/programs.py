"""Other people's programs, run as they would be at home; a test is skipped where one is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest


class Failed(Exception):
    """A program has ended with another exit code than 0; the message is what it said."""


def needs(program: str) -> None:
    """Skip the test where a program is missing."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


def environment(home: Path) -> dict[str, str]:
    """Return ours, but with another home and in English."""
    return {**os.environ, "HOME": str(home), "LC_ALL": "C.UTF-8"}


def run(*command: str, home: Path, given: str = "", **more: str) -> str:
    """Run a program whose home is `home`, with more in its environment, and return its output.

    Raises `Failed`.
    """
    needs(command[0])
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        input=given,
        cwd=home,
        env={**environment(home), **more},
    )
    if done.returncode != 0:
        raise Failed(f"{command[0]} has ended with {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


def configuration(path: Path, text: str) -> str:
    """Write a file that nobody else can read, as programs want it for passwords."""
    path.touch(mode=0o600)
    path.write_text(text)
    return str(path)
