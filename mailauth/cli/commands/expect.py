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
from mailauth.login.event import LoginEvent, Protocol
from mailauth.testing.recorded import Wanted, described

SHOWN = 20  # records below one verdict
SHOWN_MET = 3  # below one that nobody has to look into

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
    """What the verdict is printed as."""

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
    "--allow-unknown",
    is_flag=True,
    help="Logins of which a log does not tell whether they were secure, or exposed a password, "
    "are well.",
)
@click.option(
    "--within",
    type=Duration(),
    default="0s",
    help="Wait so long for what is expected; what only has to stay away is watched all the time.",
)
@click.option(
    "--allow-empty",
    is_flag=True,
    help="It is well if nothing was recorded that could have failed an expectation.",
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
    """Say whether the record is as expected: exit with 0 if so, with 1 if not.

    Exits with 2 if nothing could be read, if there is no account --user, and if nothing was
    recorded that could have failed: what was never put to the test is not well.

    Without --all-secure and --no-exposure, or with --secure, --unsecure or --count, a login is
    expected. All of it is about --user and --service, where they are given.

    The record is that of the home's server, with the logs that were there before it; where none is
    running, the logs alone. FILES are read instead, genuine Xeams files too, and logs of other
    servers: a login of which these do not tell whether TLS was used is not secure.
    """
    protocol = None if service is None else Protocol(service)
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
        raise click.UsageError("--within and --since-start are about the server of a home")
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
        raise click.UsageError(f"nobody called {user} is an account or is recorded")
    if State.UNSEEN in states:
        needed = "; ".join(check.unseen for check in checks if check.unseen)
        raise click.UsageError(f"nothing was put to the test, there was no {needed}")
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
        lines.append(f"({left_out} before these)")
    lines += [described(record) for record in records[-most:]]
    return lines if records else [*lines, "nothing"] if heading else lines


def _print(verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        click.echo(f"{_WORDS[verdict.outcome]}: {verdict.name}")
        for line in verdict.lines:
            click.echo(f"  {line}")
