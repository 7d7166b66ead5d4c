"""`mailauth gauntlet`: a mail client on broken TLS and broken servers, with a verdict per case."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mailauth.cli.duration import Duration
from mailauth.config import ListenerProtocol, TlsMode
from mailauth.config.errors import printable
from mailauth.faults import Fault
from mailauth.kit.gauntlet.cases import MAIL, USER, Case, cases
from mailauth.kit.gauntlet.judging import Judgement, Verdict

if TYPE_CHECKING:
    from mailauth.kit.gauntlet.running import Gauntlet

_MODES = (TlsMode.STARTTLS, TlsMode.IMPLICIT)


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
    help="When a command has hung; the server itself gives a handshake 30 seconds.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 32),
    default=1,
    show_default=True,
    help="How many commands run at a time.",
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
    html: Path | None,
    junit: Path | None,
) -> int:
    """Try a mail client on every fault, and say how it took each.

    A server is started with a listener for each case, on free ports of this machine, and with a CA
    and a password of its own. The client is started by --command, or by you: then the ports are
    printed, and each verdict as soon as something is recorded, until Ctrl-C.

    Exits with 1 if the client did anything to worry about, or did not log in where nothing was
    wrong, and with 2 if no client has connected.
    """
    from mailauth.kit.gauntlet.running import Gauntlet

    tried = cases(
        [ListenerProtocol(name.lower()) for name in protocols] or MAIL, TlsMode(tls), only
    )
    _check_names(only, tried)
    began = time.monotonic()
    with Gauntlet(tried) as running:
        if template is None:
            judgements = _watched(running)
        else:
            judgements = []
            for judgement in running.try_command(template, timeout, jobs):
                _print(judgement)
                judgements.append(judgement)
            judgements.sort(key=lambda judgement: tried.index(judgement.case))
    failed = sum(not judgement.passed for judgement in judgements)
    click.echo(f"{len(judgements)} cases, {failed} to worry about")
    if not judgements:
        click.echo("error: no client has connected, so that nothing was judged", err=True)
    if html is not None:
        from mailauth.kit.gauntlet.page import write_page

        write_page(judgements, template, html)
    if junit is not None:
        _write_junit(judgements, junit, time.monotonic() - began)
    if not judgements:
        return 2
    return 1 if failed else 0


def _check_names(only: Sequence[str], tried: Sequence[Case]) -> None:
    known = {case.name for case in tried}
    for name in only:
        if name not in {fault.value for fault in Fault}:
            names = ", ".join(fault.value for fault in Fault)
            raise click.UsageError(f'no case "{name}": expected one of {names}')
        if name not in known:
            raise click.UsageError(f'"{name}" is not for this protocol and way of TLS')


def _watched(running: "Gauntlet") -> list[Judgement]:
    """Tell where to point a client at, and print verdicts as they come."""
    _print_ports(running)
    try:
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


def _write_junit(judgements: Sequence[Judgement], file: Path, seconds: float) -> None:
    from mailauth.kit.verdicts import Outcome, junit
    from mailauth.kit.verdicts import Verdict as Tested

    tests = [
        Tested(
            f"{each.case.protocol.name} {each.case.tls.value}: {each.case.name}",
            Outcome.PASSED if each.passed else Outcome.FAILED,
            [each.verdict.value, each.evidence],
        )
        for each in judgements
    ]
    file.write_text(junit("mailauth gauntlet", tests, seconds), encoding="utf-8")
