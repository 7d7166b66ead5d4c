"""`scripts/servers`: tries what is read in the logs of real mail servers, and prints a table."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import msgspec

from tools.servers.all import SERVERS
from tools.servers.comparison import SECONDS, Outcome
from tools.servers.inside import Order, Tried
from tools.servers.packages import MissingError, unpacked, version
from tools.servers.server import Stage
from tools.servers.world import tools_needed

ROOT = Path(__file__).parents[2]
_APART = (
    *("setpriv", "--pdeathsig", "KILL"),  # it ends with this process, even if that is killed
    *("unshare", "--net", "--mount", "--pid", "--uts", "--ipc", "--fork", "--kill-child"),
)
_SECONDS = 600
_BUSY = " (busy)"
_SHOWN = 5  # problems of a stage
_COLUMNS = ("made", "true", "nameless", "tls", "unknown", "untold", "missing", "wrong")


class Result(msgspec.Struct):
    """A server and what it came to."""

    server: str
    version: str
    stages: dict[Stage, Tried]


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(SERVERS)), metavar="[SERVER]…")
@click.option("--suite", help="Take the packages of another release of Debian, such as trixie.")
@click.option(
    "--stage",
    "stages",
    multiple=True,
    type=click.Choice([stage.name.lower() for stage in Stage]),
    help="Only this one: the default log, the better log, or cleartext refused.",
)
@click.option("--brief", is_flag=True, help="Make only a few logins, all with right passwords.")
@click.option("--iso", is_flag=True, help="Write stamps with year and zone, as newer syslogs do.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep logs and notes."
)
@click.option("--allow-missing", is_flag=True, help="Count unavailable servers as skipped.")
def main(
    names: tuple[str, ...],
    suite: str | None,
    stages: tuple[str, ...],
    brief: bool,
    iso: bool,
    keep: Path | None,
    allow_missing: bool,
) -> None:
    """Log in to real mail servers, and compare what mailauth reads in their logs with the truth.

    "slowest" is the time from the line that decides a login to its record; it says little where the
    machine had more to do than it could ("busy"). The command exits with 1 if a record is wrong,
    missing or slower than 2 s, or if a server is not available.
    """
    wanted = [Stage[name.upper()] for name in stages] or list(Stage)
    bad, skipped = 0, []
    for name in names or SERVERS:
        began = time.monotonic()
        try:
            result = attempt(name, suite, wanted, brief=brief, iso=iso, keep=keep)
        except MissingError as error:
            skipped.append(name)
            click.echo(f"{name}: skipped: {error}", err=True)
            continue
        except OSError as error:
            bad += 1
            click.echo(f"{name}: does not run: {error}", err=True)
            continue
        _print(result, time.monotonic() - began)
        outcomes = [each for _, each in _rows(result)]
        bad += sum(not outcome.is_good for outcome in outcomes)
    click.echo(f"{len(skipped)} skipped" + (f": {', '.join(skipped)}" if skipped else ""))
    if bad or (skipped and not allow_missing):
        sys.exit(1)


def attempt(
    name: str,
    suite: str | None,
    stages: list[Stage],
    *,
    brief: bool = False,
    iso: bool = False,
    keep: Path | None = None,
) -> Result:
    """Try one server. Raises `MissingError` if it is unavailable, `OSError` if it does not run."""
    if os.geteuid() != 0:
        raise MissingError("namespaces and mounts need root")
    if missing := tools_needed():
        raise MissingError(f"this machine has no {', '.join(missing)}")
    suite = suite or SERVERS[name].suite
    packages = unpacked(SERVERS[name].packages, suite)

    def stage(each: Stage) -> Tried:
        order = Order(
            server=name,
            stage=each,
            packages=str(packages) if packages is not None else None,
            iso_stamps=iso,
            brief=brief,
            directory="",
        )
        return _in_namespaces(order, None if keep is None else keep / (suite or "here"))

    with ThreadPoolExecutor(len(stages)) as threads:  # they wait, most of the time
        tried = dict(zip(stages, threads.map(stage, stages), strict=True))
    return Result(name, version(packages, SERVERS[name].packages[0]), tried)


def _in_namespaces(order: Order, keep: Path | None) -> Tried:
    with tempfile.TemporaryDirectory(prefix="servers-") as temporary:
        order.directory = temporary
        done = subprocess.run(
            [*_APART, "--mount-proc", sys.executable, "-m", "tools.servers.inside"],
            input=msgspec.json.encode(order),
            capture_output=True,
            cwd=ROOT,
            env={**os.environ, "TZ": "UTC"},
            timeout=_SECONDS,
            check=False,
        )
        if keep is not None:
            _keep(Path(temporary), keep / order.server / order.stage.name.lower())
        outcome = Path(temporary, "tried.json")
        if not outcome.exists():
            raise OSError(done.stderr.decode(errors="replace").strip())
        return msgspec.json.decode(outcome.read_bytes(), type=Tried)


def _keep(temporary: Path, keep: Path) -> None:
    keep.mkdir(parents=True, exist_ok=True)
    for file in temporary.iterdir():
        if file.is_file():
            shutil.copy(file, keep)


def _rows(result: Result) -> Iterator[tuple[str, Outcome]]:
    for stage, tried in result.stages.items():
        yield stage.value, tried.read
        yield "  watch", tried.watched


def _print(result: Result, seconds: float) -> None:
    click.echo(f"{result.server} {result.version} ({seconds:.0f} s)")
    click.echo(f"  {'':7}" + "".join(f"{each:>{len(each) + 2}}" for each in (*_COLUMNS, "slowest")))
    for name, outcome in _rows(result):
        numbers = "".join(f"{getattr(outcome, each):{len(each) + 2}}" for each in _COLUMNS)
        slowest = (
            ""
            if outcome.slowest is None
            else f"{outcome.slowest:7.2f} s{_BUSY if outcome.was_busy else ''}"
        )
        click.echo(f"  {name:7}{numbers}{slowest}")
    for name, outcome in _rows(result):
        if outcome.is_slow:
            click.echo(f"  {name.strip()}: a record came more than {SECONDS:g} s after its line")
        for problem in outcome.problems[:_SHOWN]:
            click.echo(f"  {name.strip()}: {problem}")
        if (more := len(outcome.problems) - _SHOWN) > 0:
            click.echo(f"  {name.strip()}: and {more} more (--keep DIR writes all of them)")


if __name__ == "__main__":
    main()
