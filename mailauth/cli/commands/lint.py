"""`mailauth lint`: checks log files strictly, line by line."""

from pathlib import Path

import click

from mailauth.cli.files import files_argument, given_files
from mailauth.cli.foreign import check_recognised, log_format_option, told
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
from mailauth.report.foreign.files import FileFound, ForeignFile
from mailauth.report.foreign.formats import FORMATS
from mailauth.report.lint import Linter, Severity, lines_of
from mailauth.report.packing import DAMAGED, CannotUnpack, opened
from mailauth.report.sources import LINES_NAME, Content, Source, Sources, sources_of_directory


@click.command()
@files_argument
@home_options
@log_format_option
@click.option("--allow-empty", is_flag=True, help="Succeed even if there are no lines.")
def lint(home: Home, files: tuple[Path, ...], log_format: str | None, allow_empty: bool) -> int:
    """Check that each line of SuccessfulLogins.log is exactly as mailauth would write it.

    FILES are files (compressed or not), directories of logs, pipes, or - for standard input. The
    default is the log of the home, including its older files. Two things are only warnings: a space
    in a name, as in Xeams' own files, and a time that is up to an hour earlier than the one before
    it, as when summer time ends.

    In other servers' logs, a line is bad if it looks like a login but is not understood. The exit
    code is 1 if any line is bad, and 2 if there are no lines.
    """
    linters: list[tuple[Source, Linter]] = []
    for file in files or (log_directory(home, config_of(home)),):
        linter = Linter()  # the files of a directory are one log: each continues the one before
        found = _sources(file, log_format, of_home=not files)
        linters += [(source, linter) for source in found]
    others: list[tuple[Source, FileFound]] = []
    with into_pipe(), progress_bar([source.path for source, _ in linters]) as bar:
        unread = sum(not _check(source, linter, bar, others) for source, linter in linters)
    check_recognised(others)
    for text in told(others):
        note(text)
    every = {id(linter): linter for _, linter in linters}.values()
    lines, bad, warnings = (
        sum(getattr(linter, count) for linter in every) for count in ("lines", "bad", "warnings")
    )
    lines += sum(file.lines for _, file in others)
    bad += sum(each.not_understood for _, file in others for each in file.formats)
    click.echo(f"{lines} lines, {bad} bad, {warnings} warning{'' if warnings == 1 else 's'}")
    if bad or unread:
        return 1
    if not (lines or allow_empty):
        raise click.UsageError("there are no lines to check (--allow-empty permits an empty log)")
    return 0


def _sources(file: Path, log_format: str | None, *, of_home: bool) -> tuple[Source, ...]:
    if of_home:
        found = sources_of_directory(file).lines
        if not found:
            raise click.UsageError(f"there is no {LINES_NAME} in {file}")
        return found
    given = given_files([file])
    try:
        sorted_out = unpackable(given, log_format)
    except click.UsageError:  # errors are reported line by line
        if file.is_dir():
            raise
        sorted_out = Sources((), ())
    if sorted_out.foreign or file.is_dir():
        return (*sorted_out.lines, *sorted_out.foreign)
    return tuple(Source(each.path, Content.LINES, each.name) for each in given)


def _check(
    source: Source, linter: Linter, bar: Bar, others: list[tuple[Source, FileFound]]
) -> bool:
    """Print the findings of a file; return whether it could be read to its end.

    The findings for another server's log are added to `others`.
    """
    try:
        if source.content is Content.FOREIGN:
            file = ForeignFile(source.path, source.log_format, frozenset(FORMATS))
            for _ in file.batches(bar.advance):
                pass
            others.append((source, file.found()))
            return True
        with opened(source.path) as log:
            for finding in linter.check(lines_of(log, bar.advance)):
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
