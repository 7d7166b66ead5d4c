"""`mailauth gauntlet`: a mail client on broken TLS and broken servers, with a verdict per case."""

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
from mailauth.config import ListenerProtocol, TlsMode
from mailauth.config.errors import meant, printable
from mailauth.faults import STALL_SECONDS, Fault
from mailauth.kit.gauntlet.cases import MAIL, NO_FAULT, USER, Case, cases
from mailauth.kit.gauntlet.judging import Judgement, Severity, Verdict
from mailauth.kit.gauntlet.trying import Oracle

if TYPE_CHECKING:
    from mailauth.kit.gauntlet.running import Gauntlet
    from mailauth.kit.verdicts import Outcome

_MODES = (TlsMode.STARTTLS, TlsMode.IMPLICIT)
_WORRIES = (Severity.CRITICAL, Severity.SERIOUS, Severity.MINOR)


class Pattern(click.ParamType[re.Pattern[str]]):
    """A regular expression, looked for in each line."""

    name = "REGEX"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> re.Pattern[str]:
        """Compile it."""
        try:
            return re.compile(str(value), re.MULTILINE)
        except re.error as error:
            self.fail(f"is not a regular expression: {error}", param, ctx)


@click.command()
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    type=click.Choice([protocol.value for protocol in MAIL], case_sensitive=False),
    help="What the client speaks; may be given several times (default: all three).",
)
@click.option(
    "--tls",
    type=click.Choice([mode.value for mode in _MODES]),
    default=TlsMode.STARTTLS.value,
    show_default=True,
    help="How the client begins TLS; the faults of STARTTLS are tried with starttls alone.",
)
@click.option(
    "--case",
    "only",
    multiple=True,
    metavar="NAME",
    help="Only this fault; may be given several times.",
)
@click.option(
    "--command",
    "template",
    metavar="COMMAND",
    help="Run by the shell for each case, with {host} {port} {ca} {user} {password} {protocol}"
    " {tls} {case} filled in. Without it the client is yours to start.",
)
@click.option(
    "--timeout",
    type=Duration(),
    default="45s",
    show_default=True,
    help="When a command has hung. A handshake that stalls is held open for longer than that.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="How many commands run at a time; a client that says that it is locked runs again alone.",
)
@click.option(
    "--succeeded-if",
    metavar="REGEX",
    type=Pattern(),
    help="The client has succeeded where this matches its output, and not else.",
)
@click.option(
    "--failed-if",
    metavar="REGEX",
    type=Pattern(),
    help="The client has failed where this matches its output, whatever its exit code.",
)
@click.option(
    "--fail-on",
    type=click.Choice([each.name.lower() for each in _WORRIES]),
    default=Severity.MINOR.name.lower(),
    show_default=True,
    help="How bad it has to be for an exit code of 1.",
)
@click.option("--html", type=click.Path(path_type=Path), help="Write the verdicts as a page, too.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write them for CI, too.")
def gauntlet(
    protocols: Sequence[str],
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
    """Try a mail client on every fault, and say how it took each.

    A server is started with a listener for each case, on free ports of this machine, and with a CA
    and a password of its own. The client is started by --command, or by you: then the ports are
    printed, and each verdict as soon as something is recorded, until Ctrl-C.

    Where nothing is wrong the client is tried first: if it does not log in there, all else is
    inconclusive. What there is to worry about is critical (a password or a session in the hands of
    others), serious (a client that does not know what became of its login, or cannot be judged) or
    minor (weak cryptography, waiting without an end).

    Exits with 1 if there is anything to worry about, and with 2 if no client has connected.
    """
    from mailauth.kit.gauntlet.running import Gauntlet

    tried = cases(
        [ListenerProtocol(name.lower()) for name in protocols] or MAIL, TlsMode(tls), only
    )
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
    click.echo(f"{len(judgements)} cases, {_worries(judgements)}")
    if not judgements:
        click.echo("error: no client has connected, so that nothing was judged", err=True)
    if html is not None:
        from mailauth.kit.gauntlet.page import write_page

        write_page(judgements, template, html)
    if junit is not None:
        _write_junit(judgements, junit, time.monotonic() - began)
    if not judgements:
        return 2
    bad_enough = Severity[fail_on.upper()]
    return 1 if any(each.severity >= bad_enough for each in judgements) else 0


def _worries(judgements: Sequence[Judgement]) -> str:
    """Count what there is to worry about, the worst first."""
    counts = Counter(each.severity for each in judgements if not each.passed)
    named = ", ".join(f"{counts[each]} {each.name.lower()}" for each in _WORRIES if counts[each])
    return f"{counts.total()} to worry about" + (f" ({named})" if named else "")


def _check_names(only: Sequence[str], tried: Sequence[Case]) -> None:
    known = {case.name for case in tried}
    for name in only:
        if name not in {NO_FAULT, *(fault.value for fault in Fault)}:
            names = ", ".join((NO_FAULT, *(fault.value for fault in Fault)))
            hint = meant(name, names.split(", "))
            raise click.UsageError(f'no case "{name}": expected one of {names}{hint}')
        if name not in known:
            raise click.UsageError(f'"{name}" is not for this protocol and way of TLS')


def _watched(running: "Gauntlet") -> list[Judgement]:
    """Tell where to point a client at, and print verdicts as they come."""
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
        table.add_row(case.protocol.name, str(running.port(case)), case.name, escape(case.does))
    console.print(table)
    click.echo(f"Server: localhost, user: {USER}, password: {running.password}")
    click.echo(f"The client has to trust the CA {running.ca}")
    click.echo("Verdicts follow as the client is seen. Ctrl-C ends this.")


def _print(judgement: Judgement) -> None:
    case = judgement.case
    verdict = click.style(
        f"{judgement.verdict.value:32}", fg="green" if judgement.passed else "red", bold=True
    )
    where = f"{case.protocol.name} {case.name}"
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
            f"{each.case.protocol.name} {each.case.tls.value}: {each.case.name}",
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
