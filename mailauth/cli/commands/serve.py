"""`mailauth serve`: runs the server until it is stopped."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click
import msgspec

from mailauth.cli.home import Home, home_options
from mailauth.config import ConfigError
from mailauth.server import resources

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
    from twisted.internet.interfaces import IReactorFDSet
    from twisted.internet.posixbase import PosixReactorBase
    from twisted.logger import Logger

    from mailauth.cli.ending import insist
    from mailauth.cli.following import LinePrinter
    from mailauth.cli.parent import StdinEnd, check_stdin
    from mailauth.cli.privileges import AS_ROOT, is_almighty
    from mailauth.cli.startup import print_page, ready
    from mailauth.net.sockets import CannotListen
    from mailauth.server.background_writer import BackgroundWriter
    from mailauth.server.clocks import keep_deadlines, lasting
    from mailauth.server.diagnostics import begin_logging
    from mailauth.server.resources import give_back_large_blocks, take_all_descriptors
    from mailauth.server.server import Server

    reactor = cast(PosixReactorBase, installed)
    keep_deadlines(reactor)
    read_config = partial(home.load, port_offset=port_offset, ephemeral=ephemeral)
    config = read_config()
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
    reactor.addSystemEventTrigger("before", "shutdown", server.stop)
    reactor.addSystemEventTrigger("before", "shutdown", insist)
    stop = _once(reactor.stop)

    def listen_to_signals() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            _on(number, partial(reactor.callFromThread, stop))
        _on(signal.SIGHUP, partial(reactor.callFromThread, server.reload))

    listen_to_signals()
    reactor.callWhenRunning(listen_to_signals)
    if exit_with_stdin:
        StdinEnd(cast(IReactorFDSet, reactor), stop)
    writer = None
    try:
        if ready_json:
            sys.stdout.buffer.write(msgspec.json.encode(ready(server)) + b"\n")
        else:
            print_page(server, sys.stdout)
            writer = BackgroundWriter(sys.stdout.fileno())
            server.sinks.add(LinePrinter(writer))
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    resources.freeze()
    # Twisted installs handlers and a wakeup descriptor. Ours replace the handlers; without the
    # descriptor, a signal just before the reactor waits would be handled much later.
    reactor.run()
    resources.unfreeze()
    if writer is not None:
        writer.close()


def _on(number: signal.Signals, action: Callable[[], object]) -> None:
    signal.signal(number, lambda _, __: action())


def _once(action: Callable[[], object]) -> Callable[[], None]:
    """Return a function that runs `action` only the first time it is called."""
    left = [action]

    def act() -> None:
        if left:
            left.pop()()

    return act


def _let_go_of_stdout() -> None:
    """Send stdout to nowhere: its reader has gone, but the server continues."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _way_out(error: "CannotListen", home: Home) -> str:
    """Suggest what to do about a port that is not available."""
    if not error.for_want_of_another_port:
        return ""
    try:
        home.load(port_offset=0)
    except ConfigError:  # [[listener]] tables have their own ports
        return "; --ephemeral uses free ports"
    return "; --port-offset N uses other ports, and --ephemeral uses free ones"
