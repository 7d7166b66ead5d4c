"""`mailauth gauntlet`: a mail client against broken TLS and broken servers, case by case."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mailauth.cli.duration import Duration
from mailauth.config import ServiceName, TlsMode
from mailauth.config.errors import meant, printable
from mailauth.faults import STALL_SECONDS, Fault
from mailauth.kit.gauntlet.cases import MAIL, NO_FAULT, USER, Case, cases
from mailauth.kit.gauntlet.judging import Judgement, Severity, Verdict
from mailauth.kit.gauntlet.trying import Oracle

if TYPE_CHECKING:
    from mailauth.kit.gauntlet.running import Gauntlet
    from mailauth.kit.verdicts import Outcome

_MODES = (TlsMode.STARTTLS, TlsMode.IMPLICIT)
_PROBLEMS = (Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR)


class Pattern(click.ParamType[re.Pattern[str]]):
    """A regular expression; it can match any part of a line."""

    name = "REGEX"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> re.Pattern[str]:
        """Compile it."""
        try:
            return re.compile(str(value), re.MULTILINE)
        except re.error as error:
            self.fail(f"expected a regular expression, got {value!r}: {error}", param, ctx)


@click.command()
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    type=click.Choice(MAIL, case_sensitive=False),
    help="The protocol that the client speaks; can be repeated (default: all three).",
)
@click.option(
    "--tls",
    type=click.Choice([mode.value for mode in _MODES]),
    default=TlsMode.STARTTLS.value,
    show_default=True,
    help="How the client begins TLS; STARTTLS faults are tried only with starttls.",
)
@click.option(
    "--case",
    "only",
    multiple=True,
    metavar="NAME",
    help="Try only this fault; can be repeated.",
)
@click.option(
    "--command",
    "template",
    metavar="COMMAND",
    help="The shell command to run for each case, with {host} {port} {ca} {user} {password}"
    " {protocol} {tls} {case} filled in. Without it, you start the client yourself.",
)
@click.option(
    "--timeout",
    type=Duration(),
    default="45s",
    show_default=True,
    help="How long a command may run before it counts as hung.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="How many commands run at once. A client that is locked out by another one is run again"
    " later, without others.",
)
@click.option(
    "--succeeded-if",
    metavar="REGEX",
    type=Pattern(),
    help="The client succeeded if this matches its output, and failed if it does not.",
)
@click.option(
    "--failed-if",
    metavar="REGEX",
    type=Pattern(),
    help="The client failed if this matches its output, whatever its exit code.",
)
@click.option(
    "--fail-on",
    type=click.Choice([each.name.lower() for each in _PROBLEMS]),
    default=Severity.MINOR.name.lower(),
    show_default=True,
    help="The lowest severity for which the exit code is 1.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Also write the verdicts as HTML.")
@click.option("--junit", type=click.Path(path_type=Path), help="Also write them as JUnit XML.")
def gauntlet(
    protocols: Sequence[ServiceName],
    tls: str,
    only: Sequence[str],
    template: str | None,
    timeout: float,
    jobs: int,
    succeeded_if: re.Pattern[str] | None,
    failed_if: re.Pattern[str] | None,
    fail_on: str,
    html: Path | None,
    junit: Path | None,
) -> int:
    """Test a mail client against every fault, and report how it reacts.

    This starts a server on free ports of this machine, with its own CA and password, and with one
    listener for each fault. --command starts the client. Without it, you start the client yourself:
    the ports are printed, and then each verdict as soon as something is recorded, until you press
    Ctrl-C.

    The client must first log in to a listener without a fault; otherwise, all other cases are
    inconclusive. A problem is critical if others can obtain the password or the session. It is
    serious if the client does not know whether it is logged in, or cannot be judged. It is minor if
    the client accepts weak cryptography or waits endlessly.

    The exit code is 1 if there is a problem (see --fail-on), and 2 if no client connected.
    """
    from mailauth.kit.gauntlet.running import Gauntlet

    tried = cases(protocols or MAIL, TlsMode(tls), only)
    _check_names(only, tried)
    if timeout >= STALL_SECONDS:
        raise click.UsageError(f"--timeout: expected less than {STALL_SECONDS:g} s")
    began = time.monotonic()
    with Gauntlet(tried) as running:
        if template is None:
            judgements = _watched(running)
        else:
            judgements = []
            for judgement in running.try_command(
                template, timeout, jobs, Oracle(succeeded_if, failed_if)
            ):
                _print(judgement)
                judgements.append(judgement)
            judgements.sort(key=lambda judgement: tried.index(judgement.case))
    click.echo(f"{len(judgements)} cases, {_problems(judgements)}")
    if not judgements:
        click.echo("error: no client connected, so nothing was judged", err=True)
    if html is not None:
        from mailauth.kit.gauntlet.page import write_page

        write_page(judgements, template, html)
    if junit is not None:
        _write_junit(judgements, junit, time.monotonic() - began)
    if not judgements:
        return 2
    bad_enough = Severity[fail_on.upper()]
    return 1 if any(each.severity >= bad_enough for each in judgements) else 0


def _problems(judgements: Sequence[Judgement]) -> str:
    """Count the problems by severity, the worst first."""
    counts = Counter(each.severity for each in judgements if not each.passed)
    named = ", ".join(f"{counts[each]} {each.name.lower()}" for each in _PROBLEMS if counts[each])
    problems = f"{counts.total()} problem{'' if counts.total() == 1 else 's'}"
    return f"{problems} ({named})" if named else problems


def _check_names(only: Sequence[str], tried: Sequence[Case]) -> None:
    known = {case.name for case in tried}
    for name in only:
        if name not in {NO_FAULT, *(fault.value for fault in Fault)}:
            names = ", ".join((NO_FAULT, *(fault.value for fault in Fault)))
            hint = meant(name, names.split(", "))
            raise click.UsageError(f'unknown case "{name}": expected one of {names}{hint}')
        if name not in known:
            raise click.UsageError(f'case "{name}" does not exist for this protocol and TLS mode')


def _watched(running: "Gauntlet") -> list[Judgement]:
    """Print the ports for the client, then each verdict as it comes."""
    try:
        _print_ports(running)
        running.watch(_print)
    except KeyboardInterrupt:
        click.echo()
    judgements = [running.judgement(case) for case in running.cases]
    return [each for each in judgements if each.verdict is not Verdict.NOT_SEEN]


def _print_ports(running: "Gauntlet") -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("protocol", "port", "case", "the server")
    for case in running.cases:
        table.add_row(case.protocol.upper(), str(running.port(case)), case.name, escape(case.does))
    console.print(table)
    click.echo(f"Server: localhost, user: {USER}, password: {running.password}")
    click.echo(f"The client must trust the CA {running.ca}")
    click.echo("Verdicts are printed as the client connects. Press Ctrl-C to stop.")


def _print(judgement: Judgement) -> None:
    case = judgement.case
    verdict = click.style(
        f"{judgement.verdict.value:32}", fg="green" if judgement.passed else "red", bold=True
    )
    where = f"{case.protocol.upper()} {case.name}"
    click.echo(f"{where:30} {verdict} {printable(judgement.evidence)}")


def _outcome(judgement: Judgement) -> "Outcome":
    from mailauth.kit.verdicts import Outcome

    if judgement.passed:
        return Outcome.PASSED
    return Outcome.ERROR if judgement.verdict is Verdict.INCONCLUSIVE else Outcome.FAILED


def _write_junit(judgements: Sequence[Judgement], file: Path, seconds: float) -> None:
    from mailauth.kit.verdicts import Verdict as Tested
    from mailauth.kit.verdicts import junit

    tests = [
        Tested(
            f"{each.case.protocol.upper()} {each.case.tls.value}: {each.case.name}",
            _outcome(each),
            [
                each.verdict.value,
                each.evidence,
                *([] if each.passed else [each.severity.name.lower()]),
            ],
        )
        for each in judgements
    ]
    file.write_text(junit("mailauth gauntlet", tests, seconds), encoding="utf-8")
