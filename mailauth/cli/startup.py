"""What `serve` prints when it is ready: a line for programs, or a page for people."""

import os
from collections.abc import Iterable, Iterator
from typing import TextIO

import msgspec
from rich.console import Console
from rich.markup import escape

from mailauth.cli import on_purpose
from mailauth.cli.framed import print_listeners, print_reporters
from mailauth.config.errors import printable
from mailauth.login.accounts import DEMO_PASSWORD, Accounts
from mailauth.net.link_factory import LinkFactory
from mailauth.record.ledger import FAILURES, JOURNAL, SUCCESSES
from mailauth.server.console_link import console_url
from mailauth.server.server import Server
from mailauth.setup.ready_line import Listening, Logs, ReadyLine

_ACCOUNTS_SHOWN = 20


def ready(server: Server) -> ReadyLine:
    """Describe a running server."""
    directory = server.config.log.directory
    return ReadyLine(
        ready=True,
        pid=os.getpid(),
        home=str(server.home),
        ca=_in_home(server),
        console=console_url(server.listeners),
        api_token=server.api_token,
        listeners=[_listening(each, each.service) for each in server.listeners],
        reporters=[_listening(each, each.kind.value) for each in server.reporters],
        logs=Logs(
            successful=f"{directory}/{SUCCESSES}",
            attempts=f"{directory}/{JOURNAL}",
            invalid=f"{directory}/{FAILURES}",
        ),
    )


def _listening(listener: LinkFactory, protocol: str) -> Listening:
    return Listening(
        name=listener.config.name,
        protocol=protocol,
        tls=listener.config.tls.value,
        host=listener.config.address,
        port=listener.port,
    )


def _in_home(server: Server) -> str | None:
    if server.ca is None:
        return None
    return str(server.ca.relative_to(server.home))


def print_page(server: Server, stream: TextIO) -> None:
    """Print the listeners, the accounts, the paths of the logs, and the CA to trust."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    print_listeners(
        (msgspec.structs.replace(each.config, port=each.port) for each in server.listeners), stream
    )
    print_reporters(
        (
            msgspec.structs.replace(config, port=each.port)
            for config, each in zip(server.config.reporter, server.reporters, strict=True)
        ),
        stream,
    )
    for line in _paragraphs(server):
        console.print(line)


def print_watch_page(server: Server, watched: Iterable[str], stream: TextIO) -> None:
    """Print what is watched, where the record is, and where the console is."""
    console = Console(file=stream, highlight=False, soft_wrap=True)
    for line in watched:
        console.print(escape(line))
    for line in (*_record(server), *_console(server)):
        console.print(line)
    console.print("Press Ctrl-C to stop. Each login in the clear is printed as it is recorded:")


def _paragraphs(server: Server) -> Iterator[str]:
    yield from map(escape, on_purpose.told(each.config for each in server.listeners))
    yield f"Accounts: {escape(_names(server.authority.accounts))}"
    if any(user.password == DEMO_PASSWORD for user in server.config.user):
        yield f'Demo accounts have the password "{DEMO_PASSWORD}".'
    yield from _record(server)
    if server.ca is not None:
        yield f"Clients must trust the CA {escape(str(server.ca))} (mailauth cert trust says how)"
    yield from _console(server)
    yield "Press Ctrl-C to stop. Each login is printed as it is recorded:"


def _record(server: Server) -> Iterator[str]:
    logs = server.home / server.config.log.directory
    yield f"Logins are recorded in {escape(str(logs / SUCCESSES))}"
    yield f"Evidence for each attempt is in {escape(str(logs / JOURNAL))}"


def _console(server: Server) -> Iterator[str]:
    link = server.console_link()
    if link is not None:
        yield f"Console: {console_url(server.listeners)}"
        yield f"Open it as administrator (once, within 10 minutes, on this machine): {link}"
        yield "(mailauth console prints another link.)"


def _names(accounts: Accounts) -> str:
    names = [printable(account.name) for account in accounts]
    more = len(names) - _ACCOUNTS_SHOWN
    shown = ", ".join(names[:_ACCOUNTS_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
