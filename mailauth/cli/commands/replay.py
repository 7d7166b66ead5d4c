"""`mailauth replay`: play a scenario against real listeners."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import msgspec

from mailauth.cli.completion import named_or_file
from mailauth.cli.home import home_option

if TYPE_CHECKING:
    from mailauth.kit.scenario import Login

_SPEED = re.compile(r"(\d+(?:\.\d+)?)x?")


class Speed(click.ParamType[float]):
    """`real`, or a factor; `None` is as fast as possible."""

    name = "SPEED"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse the option."""
        if value == "real":
            return 1.0
        found = _SPEED.fullmatch(str(value))
        if found is None or float(found[1]) <= 0:
            self.fail(f'expected "real" or a factor such as 60, got {value!r}', param, ctx)
        return float(found[1])


def _scenarios() -> list[str]:
    from mailauth.kit.library import names

    return names()


@click.command()
@click.argument("scenario", shell_complete=named_or_file(_scenarios))
@home_option("The directory to write logs/ in")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="The seed of a generated scenario."
)
@click.option(
    "--days", type=click.IntRange(1, 366), help="The number of days of a generated scenario."
)
@click.option(
    "--speed",
    type=Speed(),
    help='"real", or how many times faster (default: as fast as possible).',
)
@click.option(
    "--findings",
    "findings_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write what should be found in the logs, as JSON.",
)
def replay(
    scenario: str,
    directory: Path,
    seed: int,
    days: int | None,
    speed: float | None,
    findings_file: Path | None,
) -> None:
    """Play SCENARIO and write its logs.

    SCENARIO is built in (xeams-first, xeams-after-fix), generated (office-day, password-spray,
    migration-to-tls, travelling-user; the same --seed gives the same logins), or a file, whose
    format is in the README. The configuration of DIR is ignored: the ports are free ones on
    loopback, the CA is temporary, and clock, zone and addresses are those of the scenario.
    """
    from twisted.internet import defer, task
    from twisted.internet import reactor as installed
    from twisted.internet.posixbase import PosixReactorBase
    from twisted.python.failure import Failure

    from mailauth.kit.findings import findings
    from mailauth.kit.library import load
    from mailauth.kit.replay import ReplayError
    from mailauth.kit.replay import replay as play
    from mailauth.server.clocks import keep_deadlines

    keep_deadlines(cast(PosixReactorBase, installed))
    loaded = load(scenario, seed, days)
    logs = directory.resolve() / "logs"
    line_log = logs / "SuccessfulLogins.log"
    if line_log.exists() and line_log.stat().st_size:
        raise click.ClickException(f"{line_log} is not empty")
    failures: list[Failure] = []

    with _progress(len(loaded.login)) as played:

        def main(reactor: object) -> defer.Deferred[None]:
            playing = defer.Deferred.fromCoroutine(
                play(loaded, logs, cast(PosixReactorBase, reactor), played, speed)
            )
            return playing.addErrback(failures.append)

        try:
            task.react(main, _reactor=cast(PosixReactorBase, installed))
        except SystemExit as ended:
            if ended.code:
                raise
    for failure in failures:
        if isinstance(failure.value, ReplayError):
            raise click.ClickException(str(failure.value))
        failure.raiseException()
    if findings_file is not None:
        found = msgspec.json.format(msgspec.json.encode(findings(loaded)), indent=2)
        findings_file.write_bytes(found + b"\n")
    click.echo(f"{len(loaded.login)} logins played; see {line_log}")


@contextmanager
def _progress(total: int) -> Iterator[Callable[["Login"], None]]:
    """Show on a terminal how many logins have been played, and which was the last."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    at = TextColumn("{task.fields[at]}")
    columns = (TextColumn("playing"), BarColumn(), MofNCompleteColumn(), at)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("playing", total=total, at="")
        yield lambda login: progress.update(task, advance=1, at=f"{login.at:%Y-%m-%d %H:%M}")
