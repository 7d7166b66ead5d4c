"""`mailauth expect`: assertions on the record, for shells and CI."""

import enum
import time
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from mailauth.cli.duration import Duration
from mailauth.cli.files import files_argument, given_files
from mailauth.cli.foreign import log_format_option
from mailauth.cli.home import Home, home_options
from mailauth.cli.judged import FromServer, from_files, from_home
from mailauth.control.client import CannotAsk, NoServer
from mailauth.kit.expect import Check, Expectations, State, explaining
from mailauth.kit.verdicts import Outcome, Verdict, junit, tap
from mailauth.login.event import LoginEvent, Service
from mailauth.testing.recorded import Wanted, described

SHOWN = 20  # records below each verdict
SHOWN_MET = 3  # below a verdict that is met

_OUTCOMES = {
    State.MET: Outcome.PASSED,
    State.OPEN: Outcome.FAILED,
    State.FAILED: Outcome.FAILED,
    State.UNSEEN: Outcome.ERROR,
}
_WORDS = {
    Outcome.PASSED: click.style("met", fg="green"),
    Outcome.FAILED: click.style("NOT MET", fg="red"),
    Outcome.ERROR: click.style("NOT JUDGED", fg="yellow"),
}


class Format(enum.Enum):
    """The output format."""

    TEXT = "text"
    TAP = "tap"
    JUNIT = "junit"


@click.command()
@files_argument
@home_options
@log_format_option
@click.option("--user", metavar="NAME", help="Only this account, in any letter case.")
@click.option(
    "--service",
    type=click.Choice([protocol.value for protocol in Service], case_sensitive=False),
    help="Only this service.",
)
@click.option(
    "--secure/--unsecure", "secure", default=None, help="Whether TLS protected the login."
)
@click.option(
    "--count",
    type=click.IntRange(min=0),
    metavar="N",
    help="Expect exactly N logins instead of at least one; 0 expects none.",
)
@click.option("--all-secure", is_flag=True, help="Expect that no login was UNSECURE.")
@click.option(
    "--no-exposure",
    is_flag=True,
    help="Expect that no account's real password crossed the wire in the clear, not even in a"
    " refused login.",
)
@click.option(
    "--allow-unknown",
    is_flag=True,
    help="Accept logins for which a log does not say whether they were secure or exposed a"
    " password.",
)
@click.option(
    "--within",
    type=Duration(),
    default="0s",
    help="How long to wait for the expected logins. Conditions that must never occur are watched"
    " for the whole time.",
)
@click.option(
    "--allow-empty",
    is_flag=True,
    help="Succeed even if nothing was recorded that could have made an expectation fail.",
)
@click.option("--since-start", is_flag=True, help="Only records since the server started.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.TEXT.value,
    show_default=True,
    callback=lambda _context, _parameter, value: Format(value),
    help="The output format.",
)
def expect(
    home: Home,
    files: tuple[Path, ...],
    log_format: str | None,
    user: str | None,
    service: str | None,
    secure: bool | None,
    count: int | None,
    all_secure: bool,
    no_exposure: bool,
    allow_unknown: bool,
    within: float,
    allow_empty: bool,
    since_start: bool,
    form: Format,
) -> int:
    """Check records of logins against expectations; exit with 0 if they are met, else with 1.

    By default, at least one login is expected. --all-secure and --no-exposure replace this
    expectation, unless --secure, --unsecure or --count is given as well. --user and --service
    apply to all expectations.

    The exit code is 2 if nothing could be read, if --user is not an account, or if an expectation
    was not tested, since nothing was recorded that could have made it fail.

    The records are those of the home's server, including its older logs. If it is not running, the
    logs of the home are read. With FILES, only these are read: logs of mailauth, Xeams or another
    server. If a log does not say whether TLS was used, the login counts as insecure.
    """
    protocol = None if service is None else Service(service)
    wants_login = secure is not None or count is not None or not (all_secure or no_exposure)

    def about(account: str | None) -> Expectations:
        scope = Wanted(user=user, account=account, protocol=protocol)
        return Expectations(
            login=msgspec.structs.replace(scope, secure=secure) if wants_login else None,
            count=count,
            all_secure=scope if all_secure else None,
            no_exposure=scope if no_exposure else None,
            allow_unknown=allow_unknown,
            allow_empty=allow_empty,
        )

    if files and (within or since_start):
        raise click.UsageError("--within and --since-start need a running server, not FILES")
    began = time.monotonic()
    if files:
        found = from_files(given_files(files), user, log_format, journal=no_exposure)
        expectations = about(found.account)
    else:
        try:
            server = FromServer(home.directory, user, since_start=since_start)
            if not (server.is_known or allow_empty):
                raise click.UsageError(f"the server has no account {user}")
            expectations = about(server.account)
            found = server.watched(expectations, within)
        except NoServer as error:
            if within or since_start:
                raise click.ClickException(str(error)) from None
            found = from_home(home, user, journal=no_exposure)
            expectations = about(found.account)
        except CannotAsk as error:
            raise click.ClickException(str(error)) from None
    checks = expectations.checks(found.records, over=True)
    verdicts = [_verdict(check, found.records, within) for check in checks]
    match form:
        case Format.TEXT:
            _print(verdicts)
        case Format.TAP:
            click.echo(tap(verdicts), nl=False)
        case Format.JUNIT:
            click.echo(junit("mailauth", verdicts, time.monotonic() - began), nl=False)
    states = {check.state for check in checks}
    if State.FAILED in states:
        return 1
    if not (found.is_known or allow_empty):
        raise click.UsageError(f"{user} is neither an account nor in the record")
    if State.UNSEEN in states:
        needed = "; ".join(check.unseen for check in checks if check.unseen)
        raise click.UsageError(f"nothing was tested: there was no {needed}")
    return 0


def _verdict(check: Check, records: Sequence[LoginEvent], within: float) -> Verdict:
    outcome = _OUTCOMES[check.state]
    name = f"{check.what} within {within:g} s" if within else check.what
    if outcome is Outcome.ERROR:
        return Verdict(name, outcome, [f"there was no {check.unseen}"])
    if outcome is Outcome.PASSED or check.evidence:
        most = SHOWN_MET if outcome is Outcome.PASSED else SHOWN
        return Verdict(name, outcome, _shown("", check.evidence, most))
    return Verdict(name, outcome, _shown("recorded instead:", explaining(records), SHOWN))


def _shown(heading: str, records: Sequence[LoginEvent], most: int) -> list[str]:
    left_out = len(records) - most
    lines = [heading] if heading else []
    if left_out > 0:
        lines.append(f"(not shown: {left_out} earlier)")
    lines += [described(record) for record in records[-most:]]
    return lines if records else [*lines, "nothing"] if heading else lines


def _print(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        click.echo(f"{_WORDS[verdict.outcome]}: {verdict.name}")
        for line in verdict.lines:
            click.echo(f"  {line}")
