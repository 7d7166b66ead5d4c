"""`mailauth expect`: assertions on the record, for shells and CI."""

import enum
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import click

from mailauth.cli.duration import Duration
from mailauth.cli.home import Home, home_options
from mailauth.cli.logs import check_files, config_of, log_directory
from mailauth.control.client import CannotAsk, NoServer
from mailauth.kit.expect import Check, Expectations, State, explaining, settled
from mailauth.kit.records import ServerRecords, records_of
from mailauth.kit.verdicts import Verdict, junit, tap
from mailauth.login.event import LoginEvent, Protocol
from mailauth.report.sources import Sources, sources_of_directory, sources_of_files
from mailauth.testing.recorded import Wanted, described

SHOWN = 20  # records below one verdict
SHOWN_MET = 3  # below one that nobody has to look into


class Format(enum.Enum):
    """What the verdict is printed as."""

    TEXT = "text"
    TAP = "tap"
    JUNIT = "junit"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@home_options
@click.option("--user", metavar="NAME", help="Only this account, in any letter case.")
@click.option(
    "--service",
    type=click.Choice([protocol.value for protocol in Protocol], case_sensitive=False),
    help="Only this service.",
)
@click.option(
    "--secure/--unsecure", "secure", default=None, help="The login was protected by TLS, or not."
)
@click.option(
    "--count",
    type=click.IntRange(min=0),
    metavar="N",
    help="Exactly so many logins, instead of at least one; 0 for none.",
)
@click.option("--all-secure", is_flag=True, help="No login was UNSECURE.")
@click.option(
    "--no-exposure",
    is_flag=True,
    help="No account's real password crossed the wire in the clear, refused logins included.",
)
@click.option(
    "--within",
    type=Duration(),
    default="0s",
    help="Wait so long for what is expected; what only has to stay away is watched all the time.",
)
@click.option("--since-start", is_flag=True, help="Only what was recorded since the server began.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.TEXT.value,
    show_default=True,
    callback=lambda _context, _parameter, value: Format(value),
    help="What to print.",
)
def expect(
    home: Home,
    files: tuple[Path, ...],
    user: str | None,
    service: str | None,
    secure: bool | None,
    count: int | None,
    all_secure: bool,
    no_exposure: bool,
    within: float,
    since_start: bool,
    form: Format,
) -> int:
    """Say whether the record is as expected: exit with 0 if so, with 1 if not.

    Without --all-secure and --no-exposure, or with --secure, --unsecure or --count, a login is
    expected. All of it is about --user and --service, where they are given.

    The record is that of the home's server, with the logs that were there before it; where none is
    running, the logs alone. FILES are read instead, genuine Xeams files too.
    """
    scope = Wanted(user=user, protocol=None if service is None else Protocol(service))
    wants_login = secure is not None or count is not None or not (all_secure or no_exposure)
    expectations = Expectations(
        login=Wanted(user=user, protocol=scope.protocol, secure=secure) if wants_login else None,
        count=count,
        all_secure=scope if all_secure else None,
        no_exposure=scope if no_exposure else None,
    )
    if files and (within or since_start):
        raise click.UsageError("--within and --since-start are about the server of a home")
    began = time.monotonic()
    if files:
        check_files(files)
        records = _read(sources_of_files(files), journal=no_exposure)
    else:
        records = _recorded(home, expectations, within, since_start=since_start)
    checks = expectations.checks(records, over=True)
    verdicts = [_verdict(check, records, within) for check in checks]
    match form:
        case Format.TEXT:
            _print(verdicts)
        case Format.TAP:
            click.echo(tap(verdicts), nl=False)
        case Format.JUNIT:
            click.echo(junit("mailauth", verdicts, time.monotonic() - began), nl=False)
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _recorded(
    home: Home, expectations: Expectations, within: float, *, since_start: bool
) -> list[LoginEvent]:
    """Read what the server records until nothing is left to wait for, or the time is over."""
    try:
        return _watched(
            ServerRecords(home.directory, since_start=since_start), expectations, within
        )
    except NoServer as error:
        if within or since_start:
            raise click.ClickException(str(error)) from None
    except CannotAsk as error:
        raise click.ClickException(str(error)) from None
    directory = log_directory(home, config_of(home))
    return _read(sources_of_directory(directory), journal=expectations.no_exposure is not None)


def _watched(server: ServerRecords, expectations: Expectations, within: float) -> list[LoginEvent]:
    deadline = time.monotonic() + within
    records: list[LoginEvent] = []
    while True:
        remaining = max(deadline - time.monotonic(), 0)
        new = server.read(0 if settled(expectations, records) else remaining)
        records += new
        if not new and (settled(expectations, records) or time.monotonic() >= deadline):
            return records


def _read(sources: Sources, *, journal: bool) -> list[LoginEvent]:
    if journal and not sources.journal:
        raise click.UsageError("--no-exposure needs LoginAttempts.jsonl: the lines do not tell")
    try:
        return list(records_of(sources))
    except (EOFError, zlib.error) as error:
        raise click.ClickException(f"a log cannot be decompressed: {error}") from None


def _verdict(check: Check, records: Sequence[LoginEvent], within: float) -> Verdict:
    passed = check.state is State.MET
    name = f"{check.what} within {within:g} s" if within else check.what
    if passed or check.evidence:
        most = SHOWN_MET if passed else SHOWN
        return Verdict(name, passed, _shown("", check.evidence, most))
    return Verdict(name, passed, _shown("recorded instead:", explaining(records), SHOWN))


def _shown(heading: str, records: Sequence[LoginEvent], most: int) -> list[str]:
    left_out = len(records) - most
    lines = [heading] if heading else []
    if left_out > 0:
        lines.append(f"({left_out} before these)")
    lines += [described(record) for record in records[-most:]]
    return lines if records else [*lines, "nothing"] if heading else lines


def _print(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        word = (
            click.style("met", fg="green") if verdict.passed else click.style("NOT MET", fg="red")
        )
        click.echo(f"{word}: {verdict.name}")
        for line in verdict.lines:
            click.echo(f"  {line}")
