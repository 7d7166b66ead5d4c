"""`mailauth lint`: log files checked strictly, line by line."""

from pathlib import Path

import click

from mailauth.cli.files import files_argument, given_files
from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import (
    Bar,
    config_of,
    into_pipe,
    log_directory,
    note,
    progress_bar,
    unpackable,
)
from mailauth.config.errors import printable
from mailauth.report.lint import Linter, Severity, lines_of
from mailauth.report.packing import DAMAGED, CannotUnpack, opened
from mailauth.report.sources import LINES_NAME, Content, Source, sources_of_directory


@click.command()
@files_argument
@home_options
@click.option("--allow-empty", is_flag=True, help="It is well if there is not a single line.")
def lint(home: Home, files: tuple[Path, ...], allow_empty: bool) -> int:
    """Check SuccessfulLogins.log files strictly, and name each line that is not as it should be.

    FILES may be compressed, a directory of logs, a pipe, or - for standard input; without any, it
    is the log of the home with its older files. Genuine Xeams files are fine: a space in a name is
    only a warning. So is a time that steps back by an hour at most, as times do when the zone
    repeats an hour. Exits 1 if any line is bad, and 2 if there is no line to
    check.
    """
    linters: list[tuple[Source, Linter]] = []
    for file in files or (log_directory(home, config_of(home)),):
        linter = Linter()  # the files of a directory are one log: each goes on where one ended
        linters += [(source, linter) for source in _sources(file, of_home=not files)]
    with into_pipe(), progress_bar([source.path for source, _ in linters]) as bar:
        unread = sum(not _check(source, linter, bar) for source, linter in linters)
    every = {id(linter): linter for _, linter in linters}.values()
    lines, bad, warnings = (
        sum(getattr(linter, count) for linter in every) for count in ("lines", "bad", "warnings")
    )
    click.echo(f"{lines} lines, {bad} bad, {warnings} warning{'' if warnings == 1 else 's'}")
    if bad or unread:
        return 1
    if not (lines or allow_empty):
        raise click.UsageError("there was no line to check (--allow-empty is for an empty log)")
    return 0


def _sources(file: Path, *, of_home: bool) -> tuple[Source, ...]:
    if of_home:
        found = sources_of_directory(file).lines
        if not found:
            raise click.UsageError(f"there is no {LINES_NAME} in {file}")
        return found
    if not file.is_dir():
        return tuple(Source(given.path, Content.LINES, given.name) for given in given_files([file]))
    return unpackable(given_files([file])).lines


def _check(source: Source, linter: Linter, bar: Bar) -> bool:
    """Print what there is to say about a file; say whether it could be read to its end."""
    try:
        with opened(source.path) as file:
            for finding in linter.check(lines_of(file, bar.advance)):
                warned = "warning: " if finding.remark.severity is Severity.WARNING else ""
                click.echo(printable(f"{source}:{finding.line}: {warned}{finding.remark.message}"))
    except BrokenPipeError:
        raise
    except CannotUnpack as error:
        raise click.UsageError(f"{source} {error.strerror}") from None
    except (OSError, *DAMAGED) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        note(f"error: {source}: {reason or error}")
        return False
    return True
