"""`mailauth lint`: log files checked strictly, line by line."""

import zlib
from pathlib import Path

import click

from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import Bar, check_files, config_of, into_pipe, log_directory, progress_bar
from mailauth.config.errors import printable
from mailauth.report.lint import Linter, Severity, lines_of
from mailauth.report.sources import LINES_NAME, opened, sources_of_directory


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@home_options
@click.option("--allow-empty", is_flag=True, help="It is well if there is not a single line.")
def lint(home: Home, files: tuple[Path, ...], allow_empty: bool) -> int:
    """Check SuccessfulLogins.log files strictly, and name each line that is not as it should be.

    Without FILES, the log of the home with its older files. Genuine Xeams files are fine: a space
    in a name is only a warning. So is a time that steps back by an hour at most, as times do when
    the zone repeats an hour. Exits 1 if any line is bad, and 2 if there is no line to check.
    """
    check_files(files)
    linters = [(path, Linter()) for path in files]
    if not files:
        directory = log_directory(home, config_of(home))
        linter = Linter()  # one log: its files go on where the one before ended
        linters = [(source.path, linter) for source in sources_of_directory(directory).lines]
        if not linters:
            raise click.UsageError(f"there is no {LINES_NAME} in {directory}")
    with into_pipe(), progress_bar([path for path, _ in linters]) as bar:
        unread = sum(not _check(path, linter, bar) for path, linter in linters)
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


def _check(path: Path, linter: Linter, bar: Bar) -> bool:
    """Print what there is to say about a file; say whether it could be read to its end."""
    try:
        with opened(path) as file:
            for finding in linter.check(lines_of(file, bar.advance)):
                warned = "warning: " if finding.remark.severity is Severity.WARNING else ""
                click.echo(printable(f"{path}:{finding.line}: {warned}{finding.remark.message}"))
    except BrokenPipeError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        click.echo(f"error: {path}: {reason or error}", err=True)
        return False
    return True
