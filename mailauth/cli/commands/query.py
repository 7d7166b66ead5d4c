"""`mailauth query`: the logs as SQL tables."""

import sys
from pathlib import Path
from typing import assert_never

import click

from mailauth.cli.files import files_argument, given_files
from mailauth.cli.foreign import ignore_option, log_format_option
from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import (
    Format,
    cache_option,
    config_of,
    format_option,
    into_pipe,
    read,
    sources,
)
from mailauth.report.asking import QuestionError, asked
from mailauth.report.output.exports import write_csv, write_json
from mailauth.report.output.layout import console
from mailauth.report.output.page import write_answer
from mailauth.report.output.terminal import print_answer
from mailauth.wire.networks import Network


@click.command()
@click.argument("question", metavar="SQL")
@files_argument
@home_options
@format_option
@cache_option
@log_format_option
@ignore_option
def query(
    home: Home,
    question: str,
    files: tuple[Path, ...],
    form: Format,
    cached: bool,
    log_format: str | None,
    ignored: tuple[Network, ...],
) -> None:
    """Query the logs in SQL (of DuckDB): "SELECT account, count(*) FROM logins GROUP BY 1".

    The views are logins, attempts (the journal, with its keys) and the reports insecure, cases,
    exposures, cutoff and countries. "DESCRIBE logins" names the columns. Nothing else can be read,
    and nothing can be written.
    """
    given = given_files(files)
    config = config_of(home) if not files else None
    found = sources(home, config, given, log_format)
    directory = None if files else home.directory
    with into_pipe(), read(found, directory, cached=cached, ignored=ignored) as opened:
        try:
            with asked(opened.tables, question) as answer:
                match form:
                    case Format.TABLE:
                        print_answer(answer.columns, answer.rows, console(sys.stdout))
                    case Format.JSON:
                        write_json(answer.columns, answer.rows, sys.stdout)
                    case Format.CSV:
                        write_csv(answer.columns, answer.rows, sys.stdout)
                    case Format.HTML:
                        write_answer(answer.columns, answer.rows, sys.stdout)
                    case _:
                        assert_never(form)
        except QuestionError as error:
            raise click.ClickException(str(error).partition("\n")[0]) from None
