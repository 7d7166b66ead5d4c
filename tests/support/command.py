"""Commands run in this process, without the start of an interpreter."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pytest

from mailauth.cli import main


def run_here(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command that starts no server; return its exit code and what it wrote."""
    with TemporaryFile() as out, TemporaryFile() as error:
        with (
            chdir(cwd or "."),
            _descriptor(1, out) as stdout,
            _descriptor(2, error) as stderr,
            redirect_stdout(stdout),
            redirect_stderr(stderr),
            pytest.raises(SystemExit) as end,
        ):
            main(arguments)
        code = end.value.code
        assert isinstance(code, int)
        return subprocess.CompletedProcess(arguments, code, _text(out), _text(error))


@contextmanager
def _descriptor(number: int, file: IO[bytes]) -> Iterator[IO[str]]:
    """Let a descriptor be a file for a while; yield the stream that writes to it."""
    before = os.dup(number)
    try:
        sys.stdout.flush()
        os.dup2(file.fileno(), number)
        with open(number, "w", encoding="utf-8", closefd=False) as stream:
            yield stream
    finally:
        os.dup2(before, number)
        os.close(before)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()
