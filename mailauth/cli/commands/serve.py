"""`mailauth serve`: runs the server until it is stopped."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from mailauth.cli.home import Home, home_options
from mailauth.config import ConfigError
from mailauth.home import is_watch_home

if TYPE_CHECKING:
    from mailauth.net.sockets import CannotListen


@click.command()
@home_options
@click.option(
    "--ready-json",
    is_flag=True,
    help="Print only one line of JSON, when all listeners are ready.",
)
@click.option("--ephemeral", is_flag=True, help="Give every listener a free port.")
@click.option(
    "--port-offset",
    type=int,
    metavar="N",
    help="Add N to the well-known ports, instead of [listen] port_offset.",
)
@click.option(
    "--maildir",
    metavar="DIR",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    help="Store mail in Maildirs under DIR so that it survives a restart (default: in memory).",
)
@click.option(
    "--exit-with-stdin",
    is_flag=True,
    help="Stop when stdin is closed. A pipe is closed when the process that started the server"
    " ends, even if it is killed.",
)
def serve(
    home: Home,
    ready_json: bool,
    ephemeral: bool,
    port_offset: int | None,
    maildir: Path | None,
    exit_with_stdin: bool,
) -> None:
    """Run the server; without a configuration file, run a demo.

    SIGTERM and SIGINT stop it; SIGHUP reopens the logs and reloads accounts, certificates and
    FriendlyIP.txt.
    """
    from twisted.internet import reactor as installed
    from twisted.internet.posixbase import PosixReactorBase
    from twisted.logger import Logger

    from mailauth.cli.parent import check_stdin
    from mailauth.cli.privileges import AS_ROOT, is_almighty
    from mailauth.cli.serving import run
    from mailauth.cli.startup import print_page
    from mailauth.net.sockets import CannotListen
    from mailauth.server.clocks import keep_deadlines, lasting
    from mailauth.server.diagnostics import begin_logging
    from mailauth.server.resources import give_back_large_blocks, take_all_descriptors
    from mailauth.server.server import Server

    reactor = cast(PosixReactorBase, installed)
    keep_deadlines(reactor)
    read_config = partial(home.load, port_offset=port_offset, ephemeral=ephemeral)
    config = read_config()
    if is_watch_home(home.directory):
        raise click.UsageError(f"{home.directory} is a home of mailauth watch: use another one")
    if exit_with_stdin:
        check_stdin()
    begin_logging()
    give_back_large_blocks()
    take_all_descriptors()
    server = Server(
        config,
        home.directory,
        reactor,
        read_config=read_config,
        maildir=maildir,
        lasting=lasting,
    )
    try:
        server.start()
    except CannotListen as error:
        raise click.ClickException(f"{error}{_way_out(error, home)}") from None
    if not ready_json and is_almighty():
        Logger().warn(AS_ROOT)
    run(
        server,
        reactor,
        ready_json=ready_json,
        page=lambda: print_page(server, sys.stdout),
        exit_with_stdin=exit_with_stdin,
    )


def _way_out(error: "CannotListen", home: Home) -> str:
    """Suggest what to do about a port that is not available."""
    if not error.for_want_of_another_port:
        return ""
    try:
        home.load(port_offset=0)
    except ConfigError:  # [[listener]] tables have their own ports
        return "; --ephemeral uses free ports"
    return "; --port-offset N uses other ports, and --ephemeral uses free ones"
