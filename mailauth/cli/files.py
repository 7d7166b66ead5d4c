"""The FILES of a command: log files, directories of them, pipes, and `-` for standard input."""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, BinaryIO

import click

from mailauth.config.errors import meant
from mailauth.report.sources import JOURNAL_NAME, LINES_NAME, Given, logs_in

STDIN = Path("-")

files_argument = click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))


def given_files(files: Sequence[Path], kind: str = "", others: Sequence[str] = ()) -> list[Given]:
    """Return the logs to read for the names that the user gave.

    A name could also mean a `kind` of thing other than a file; `others` are its names, for the
    error. A stream that can be read only once is copied to an unnamed file until the command ends.
    Raises `click.UsageError` for a file that does not exist.
    """
    return [given for file in files for given in _given(file, kind, others)]


def check_files(files: Sequence[Path], kind: str = "", others: Sequence[str] = ()) -> None:
    """Reject files that do not exist, as `given_files` does."""
    for file in files:
        if file != STDIN and not file.exists():
            known = f" or {kind} ({', '.join(others)})" if kind else ""
            raise click.UsageError(f"{file}: no such file{known}{meant(str(file), others)}")


def _given(file: Path, kind: str, others: Sequence[str]) -> Iterator[Given]:
    if file == STDIN:
        yield _kept(sys.stdin.buffer, "standard input")
        return
    check_files([file], kind, others)
    if file.is_dir():
        logs = logs_in(file)
        if not logs:
            home = f"; did you mean --home {file}?" if (file / "logs").is_dir() else ""
            raise click.UsageError(
                f"{file}: contains neither {LINES_NAME} nor {JOURNAL_NAME}{home}"
            )
        yield from (Given(log, str(log)) for log in logs)
    elif file.is_file():
        yield Given(file, str(file))
    elif file.is_fifo():
        with file.open("rb") as pipe:
            yield _kept(pipe, str(file))
    else:
        raise click.UsageError(f"{file}: expected a file, a directory or a pipe")


def _kept(stream: IO[bytes] | BinaryIO, name: str) -> Given:
    """Copy a stream to a private file, which can be read more than once."""
    kept = tempfile.TemporaryFile(prefix="mailauth-")  # noqa: SIM115 (the command closes it)
    click.get_current_context().with_resource(kept)
    shutil.copyfileobj(stream, kept)
    kept.flush()
    return Given(Path(f"/dev/fd/{kept.fileno()}"), name)
