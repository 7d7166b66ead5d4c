"""`mailauth report`: who logs in insecurely, and what to do about it."""

import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import assert_never

import click
import msgspec

from mailauth.cli.completion import named_or_file
from mailauth.cli.files import files_argument, given_files
from mailauth.cli.foreign import ignore_option, log_format_option
from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import (
    Format,
    cache_option,
    config_of,
    format_option,
    into_pipe,
    note,
    read,
    sources,
)
from mailauth.cli.running import running_services
from mailauth.cli.selection import Selection, selection_options
from mailauth.config import Config, ConfigError
from mailauth.config.errors import meant
from mailauth.login.event import Service
from mailauth.record.stamp import zone_named
from mailauth.report.logs import structs
from mailauth.report.opening import Opened
from mailauth.report.output.exports import write_csv, write_json
from mailauth.report.output.layout import console
from mailauth.report.output.page import write_report, write_summary
from mailauth.report.output.presentation import PRESENTATIONS, Shown
from mailauth.report.output.terminal import print_report, print_summary
from mailauth.report.period import Expected, Wanted
from mailauth.report.ports import seen_tls_ports
from mailauth.report.rows import ROWS, Case, Country, Login
from mailauth.report.summary import Summary, summarize
from mailauth.setup.services import tls_ports
from mailauth.wire.networks import Network

_OF_BOTH_VERDICTS = (Login.report, Country.report)

NAMES = tuple(kind.report for kind in ROWS)


@click.command()
@click.argument("name", required=False, shell_complete=named_or_file(NAMES))
@files_argument
@home_options
@format_option
@cache_option
@log_format_option
@ignore_option
@selection_options
@click.option(
    "--days",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="For the report absent: the number of days without a login.",
)
def report(
    home: Home,
    name: str | None,
    files: tuple[Path, ...],
    form: Format,
    cached: bool,
    log_format: str | None,
    ignored: tuple[Network, ...],
    selection: Selection,
    days: int,
) -> None:
    """Report who logs in insecurely, and what to do about it.

    NAME is logins, insecure, cases, exposures, cutoff, absent or countries; without a NAME, a
    summary is printed. FILES are SuccessfulLogins.log files of mailauth or Xeams, and
    LoginAttempts.jsonl with the evidence, compressed or not; without FILES, the logs of the home
    are read. The logs of other servers can be read, too, and are recognized by their contents (see
    mailauth formats).
    """
    if name is not None and name not in NAMES:
        files = (Path(name), *files)
        name = None
    given = given_files(files, "report", NAMES)
    config = config_of(home) if not files else None
    zone = zone_named(config.timezone) if config is not None else None
    now = datetime.now(zone).replace(tzinfo=None)
    wanted = selection.wanted(now)
    _check_verdict(name, wanted)
    found = sources(home, config, given, log_format)
    directory = None if files else home.directory
    with into_pipe(), read(found, directory, cached=cached, ignored=ignored) as opened:
        wanted = _about_account(opened, wanted)
        if not found.journal and found.lines:
            note(_unknown(name, opened.logs.totals(wanted).unsecure))
        if name is None:
            running = _live_ports(home) if not files else None
            summary = summarize(
                opened.logs,
                wanted,
                seen_tls_ports(opened.tables, opened.sources, running),
                by_network=bool(found.foreign),
            )
            _print_summary(summary, form)
        else:
            expected = None
            if name == "absent":
                expected = _expected(home, config, wanted.until or now, days)
            shown = Shown(
                evidence=bool(found.journal or found.foreign), other_server=bool(found.foreign)
            )
            _print_report(opened, name, wanted, expected, form, shown)


def _unknown(name: str | None, unsecure: int) -> str:
    """Describe what is unknown without the journal."""
    match name:
        case "exposures":
            return (
                "note: which passwords crossed the wire cannot be known without "
                f"LoginAttempts.jsonl; {unsecure} logins were UNSECURE"
            )
        case "cutoff":
            unknown = "listeners and clients are not known: each address counts as a client"
        case "absent" | "countries":
            unknown = "attempts that were refused are not known"
        case _:
            unknown = "ports, clients and exposed passwords are not known"
    return f"note: without LoginAttempts.jsonl, {unknown}"


def _check_verdict(name: str | None, wanted: Wanted) -> None:
    """Reject a verdict option that the report does not support."""
    if wanted.secure is None or name in _OF_BOTH_VERDICTS:
        return
    if name == "absent":
        raise click.UsageError("absent covers all logins: give neither --secure nor --unsecure")
    if wanted.secure:
        raise click.UsageError(
            f"{name or 'the summary'} covers only UNSECURE logins: --secure is for "
            f"{' and '.join(_OF_BOTH_VERDICTS)}"
        )


def _about_account(opened: Opened, wanted: Wanted) -> Wanted:
    """Select the account that is meant; print a note if the logs do not have it."""
    if wanted.account is None:
        return wanted
    account = opened.logs.account_meant_by(wanted.account)
    if account is not None:
        return msgspec.structs.replace(wanted, account=account)
    hint = meant(wanted.account, opened.logs.accounts())
    note(f'note: no account "{wanted.account}" is in these logs{hint}')
    return wanted


def _expected(home: Home, config: Config | None, now: datetime, days: int) -> Expected:
    names: tuple[str, ...] = ()
    if config is not None:
        try:
            names = tuple(account.name for account in home.accounts(config))
        except ConfigError as error:
            note(f"warning: the accounts are not known: {error}")
    return Expected(now=now, accounts=names, days=days)


def _live_ports(home: Home) -> Mapping[Service, int] | None:
    """Return the ports of the home's server, or `None` if it is not running."""
    services = running_services(home)
    return None if services is None else tls_ports(services)


def _print_summary(summary: Summary, form: Format) -> None:
    columns = (*Case.__struct_fields__, "advice")
    rows = [(*msgspec.structs.astuple(row.case), row.advice) for row in summary.rows]
    match form:
        case Format.TABLE:
            print_summary(summary, console(sys.stdout))
        case Format.JSON:
            write_json(columns, rows, sys.stdout)
        case Format.CSV:
            write_csv(columns, rows, sys.stdout)
        case Format.HTML:
            write_summary(summary, sys.stdout)
        case _:
            assert_never(form)


def _print_report(
    opened: Opened,
    name: str,
    wanted: Wanted,
    expected: Expected | None,
    form: Format,
    shown: Shown,
) -> None:
    kind = next(kind for kind in ROWS if kind.report == name)
    with opened.logs.answer(kind, wanted, expected=expected) as answer:
        match form:
            case Format.TABLE:
                print_report(
                    PRESENTATIONS[kind],
                    structs(kind, answer),
                    console(sys.stdout),
                    shown,
                )
            case Format.JSON:
                write_json(answer.columns, answer.rows, sys.stdout)
            case Format.CSV:
                write_csv(answer.columns, answer.rows, sys.stdout)
            case Format.HTML:
                write_report(PRESENTATIONS[kind], structs(kind, answer), sys.stdout, shown)
            case _:
                assert_never(form)
