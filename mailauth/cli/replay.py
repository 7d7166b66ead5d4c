"""`mailauth replay`: play a scenario against real listeners."""

from pathlib import Path
from typing import cast

import click


@click.command()
@click.argument("scenario")
@click.option(
    "--home",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="Where logs/ will be left (default: the working directory).",
)
def replay(scenario: str, directory: Path) -> None:
    """Play SCENARIO, a built-in one (xeams-first, xeams-after-fix) or a file, and leave its logs.

    The configuration of DIR is not looked at: ports are free ones on loopback, the CA is thrown
    away, and clock, zone and addresses are the scenario's.
    """
    from twisted.internet import defer, task
    from twisted.internet import reactor as installed
    from twisted.internet.posixbase import PosixReactorBase
    from twisted.python.failure import Failure

    from mailauth.kit.replay import ReplayError
    from mailauth.kit.replay import replay as play
    from mailauth.kit.scenario import load

    loaded = load(scenario)
    logs = directory.resolve() / "logs"
    line_log = logs / "SuccessfulLogins.log"
    if line_log.exists() and line_log.stat().st_size:
        raise click.ClickException(f"{line_log} is not empty")
    failures: list[Failure] = []

    def main(reactor: object) -> defer.Deferred[None]:
        playing = defer.Deferred.fromCoroutine(play(loaded, logs, cast(PosixReactorBase, reactor)))
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
    click.echo(f"{len(loaded.login)} logins played; see {line_log}")
