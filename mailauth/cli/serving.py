"""Running a server that has been started, until it is told to stop."""

import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import cast

import msgspec
from twisted.internet.interfaces import IReactorFDSet
from twisted.internet.posixbase import PosixReactorBase

from mailauth.cli.ending import insist
from mailauth.cli.following import LinePrinter
from mailauth.cli.parent import StdinEnd
from mailauth.cli.startup import ready
from mailauth.server import resources
from mailauth.server.background_writer import BackgroundWriter
from mailauth.server.server import Server


class Printer:
    """Prints what happens, a line each, without delaying anybody; nothing before it `begin`s."""

    def __init__(self) -> None:
        self._writer: BackgroundWriter | None = None

    def begin(self) -> None:
        """Write to stdout from now on."""
        self._writer = BackgroundWriter(sys.stdout.fileno())

    def write(self, text: str) -> None:
        """Print whole lines."""
        if self._writer is not None:
            self._writer.write(text)

    def close(self) -> None:
        """Print what is waiting."""
        if self._writer is not None:
            self._writer.close()


def run(
    server: Server,
    reactor: PosixReactorBase,
    *,
    ready_json: bool,
    page: Callable[[], None],
    exit_with_stdin: bool,
    printer: Printer | None = None,
    insecure_only: bool = False,
) -> None:
    """Print that the server is ready, as JSON or as a page with each login after it, and run it.

    SIGTERM and SIGINT stop it, and so does the end of stdin if that is wanted; SIGHUP reloads it.
    """
    printer = printer if printer is not None else Printer()
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
    try:
        if ready_json:
            sys.stdout.buffer.write(msgspec.json.encode(ready(server)) + b"\n")
        else:
            page()
            printer.begin()
            server.sinks.add(LinePrinter(printer.write, insecure_only=insecure_only))
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
    resources.freeze()
    # Twisted installs handlers and a wakeup descriptor. Ours replace the handlers; without the
    # descriptor, a signal just before the reactor waits would be handled much later.
    reactor.run()
    resources.unfreeze()
    printer.close()


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
