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


def given_files(files: Sequence[Path], nor: str = "", others: Sequence[str] = ()) -> list[Given]:
    """Return what to read for the names that somebody gave.

    `nor` says what else they could be, which are the names of `others`.

    What can be read only once is kept in an unnamed file until the command ends. Raises
    `click.UsageError` for what is not there.
    """
    return [given for file in files for given in _given(file, nor, others)]


def check_files(files: Sequence[Path], nor: str = "", others: Sequence[str] = ()) -> None:
    """Refuse what is not there, as `given_files` does."""
    for file in files:
        if file != STDIN and not file.exists():
            what = ", ".join(filter(None, (f"{file}: no such file", nor)))
            raise click.UsageError(f"{what}{meant(str(file), others)}")


def _given(file: Path, nor: str, others: Sequence[str]) -> Iterator[Given]:
    if file == STDIN:
        yield _kept(sys.stdin.buffer, "standard input")
        return
    check_files([file], nor, others)
    if file.is_dir():
        logs = logs_in(file)
        if not logs:
            home = f"; is --home {file} meant?" if (file / "logs").is_dir() else ""
            raise click.UsageError(f"{file}: has neither {LINES_NAME} nor {JOURNAL_NAME}{home}")
        yield from (Given(log, str(log)) for log in logs)
    elif file.is_file():
        yield Given(file, str(file))
    elif file.is_fifo():
        with file.open("rb") as pipe:
            yield _kept(pipe, str(file))
    else:
        raise click.UsageError(f"{file}: is neither a file, nor a directory, nor a pipe")


def _kept(stream: IO[bytes] | BinaryIO, name: str) -> Given:
    """Keep what a stream holds where it can be read again and again, and nobody else can."""
    kept = tempfile.TemporaryFile(prefix="mailauth-")  # noqa: SIM115 (the command closes it)
    click.get_current_context().with_resource(kept)
    shutil.copyfileobj(stream, kept)
    kept.flush()
    return Given(Path(f"/dev/fd/{kept.fileno()}"), name)
