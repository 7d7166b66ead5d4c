"""`mailauth probe`: tries every port, TLS mode and mechanism of a server."""

import enum
import ssl
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mailauth.cli.duration import Duration
from mailauth.config import ListenConfig
from mailauth.config.errors import printable
from mailauth.kit.probe.certificate import CertificateFacts
from mailauth.kit.probe.probing import Account, ProbedService, Way, is_loopback, ports
from mailauth.kit.probe.probing import probe as probed

PORT = 65535
PIPE_COLUMNS = 160  # of a table that is not printed on a terminal
LOOPBACK_ONLY = (
    "This is what the server offers to clients on its own machine. Some servers, such as Dovecot,"
    " exempt loopback from their rules against cleartext logins: probe from another machine to see"
    " what other clients are offered."
)


class Format(enum.Enum):
    """The output format of the matrix."""

    TABLE = "table"
    JSON = "json"


class Place(click.ParamType[tuple[str, int]]):
    """A service and its port, such as `imap=2143`."""

    name = "NAME=PORT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        """Parse the option."""
        service, _, port = str(value).partition("=")
        names = [place.name for place in ports(0, {})]
        if service not in names or not port.isdecimal() or not 0 < int(port) <= PORT:
            known = ", ".join(names)
            self.fail(f"expected NAME=PORT with a name of {known}, got {value!r}", param, ctx)
        return service, int(port)


@click.command()
@click.argument("host")
@click.option("--port-offset", type=int, default=0, metavar="N", help="Add N to well-known ports.")
@click.option(
    "--port", "places", type=Place(), multiple=True, help="The port of a service; can be repeated."
)
@click.option("--user", metavar="NAME", help="Log in as this account with each mechanism offered.")
@click.option(
    "--password-file",
    type=click.File("r", encoding="utf-8"),
    help="The file with the password on its first line; - is stdin (default: ask for it).",
)
@click.option(
    "--unprotected",
    is_flag=True,
    help="Also try logins in the clear and after a bad certificate: others on the network can read"
    " the password. On this machine itself, these are always tried.",
)
@click.option(
    "--ca",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The CA that vouches for the server (default: the CAs of this system).",
)
@click.option(
    "--timeout",
    type=Duration(),
    default="10s",
    show_default=True,
    help="How long to wait for a complete reply.",
)
@click.option(
    "--total",
    type=Duration(),
    default="5m",
    show_default=True,
    help="The limit for the whole probe.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.TABLE.value,
    show_default=True,
    callback=lambda _context, _parameter, value: Format(value),
    help="The output format.",
)
def probe(
    host: str,
    port_offset: int,
    places: Sequence[tuple[str, int]],
    user: str | None,
    password_file: IO[str] | None,
    unprotected: bool,
    ca: Path | None,
    timeout: float,
    total: float,
    form: Format,
) -> int:
    """Try every mail port of HOST, each way to begin TLS, and each mechanism that is offered.

    The result shows what each port offers, whether a client would accept its certificate, and which
    TLS versions it speaks; with --user, also which logins succeed and what a server like Xeams
    would log for each. These are real logins with the password that you give. The exit code is 1 if
    no mail server answers.
    """
    account = None
    if user is not None:
        password = (
            password_file.readline().rstrip("\r\n")
            if password_file is not None
            else click.prompt("Password", hide_input=True, err=True)
        )
        account = Account(user, password, anywhere=unprotected or is_loopback(host))
    services = probed(
        host,
        ports(port_offset, dict(places)),
        lambda: ssl.create_default_context(cafile=ca),
        account,
        timeout,
        total,
    )
    match form:
        case Format.JSON:
            sys.stdout.buffer.write(msgspec.json.encode(services) + b"\n")
            sys.stdout.flush()
        case Format.TABLE:
            _print(host, services, account)
    if any(service.answers for service in services):
        return 0
    ours = ListenConfig().port_offset
    if is_loopback(host) and port_offset != ours:
        click.echo(
            f"No mail server answers. By default, mailauth uses --port-offset {ours}.", err=True
        )
    return 1


def _print(host: str, services: Sequence[ProbedService], account: Account | None) -> None:
    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    console = Console(highlight=False, width=width)
    table = Table("service", "port", "way", "mechanisms", "a log would say", show_lines=True)
    for service in services:
        for row in _rows(service, account):
            table.add_row(*row)
    console.print(table)
    if is_loopback(host) and any(_is_offered_in_the_clear(service) for service in services):
        click.echo(LOOPBACK_ONLY)
    for certificate, shown_by in _certificates(services).items():
        click.echo("\n".join(f"{each.name} speaks {_versions(each)}" for each in shown_by))
        for line in _described(certificate):
            click.echo(f"  {printable(line)}")


def _is_offered_in_the_clear(service: ProbedService) -> bool:
    return any(way.security == "cleartext" and way.attempts for way in service.ways)


def _rows(service: ProbedService, account: Account | None) -> Iterator[tuple[str, ...]]:
    place = (service.name, str(service.port))
    if service.trouble is not None:
        yield (*place, "", escape(printable(service.trouble)), "")
    for way in service.ways:
        how = f"{way.security}, {way.tls_version}" if way.tls_version else way.security
        line = ""
        if account is not None and any(attempt.succeeded for attempt in way.attempts):
            verdict = "SECURE" if way.secure else "UNSECURE"
            line = f"[{service.protocol}] {{{verdict}}} - {account.name}"
        yield (*place, how, escape(_printable_lines(_mechanisms(way))), escape(printable(line)))


def _mechanisms(way: Way) -> list[str]:
    """Group the mechanisms by outcome."""
    if way.trouble is not None:
        return [way.trouble]
    by_outcome: dict[str, list[str]] = {}
    for attempt in way.attempts:
        outcome = "yes" if attempt.succeeded else attempt.said
        by_outcome.setdefault(outcome, []).append(attempt.mechanism)
    return [f"{outcome}: {' '.join(names)}" for outcome, names in by_outcome.items()] or ["none"]


def _printable_lines(lines: Sequence[str]) -> str:
    """Escape lines that contain texts of the server."""
    return "\n".join(map(printable, lines))


def _certificates(services: Sequence[ProbedService]) -> dict[CertificateFacts, list[ProbedService]]:
    """Group services by the certificate that they show."""
    shown_by: dict[CertificateFacts, list[ProbedService]] = {}
    for service in services:
        if service.certificate is not None:
            shown_by.setdefault(service.certificate, []).append(service)
    return shown_by


def _versions(service: ProbedService) -> str:
    return ", ".join(service.versions) or "no TLS version that mailauth knows"


def _described(certificate: CertificateFacts) -> list[str]:
    verified = "good" if certificate.complaint is None else f"REFUSED: {certificate.complaint}"
    return [
        f"certificate: {verified}",
        f"for {', '.join(certificate.names) or 'no name'}",
        f"subject {certificate.subject}, issuer {certificate.issuer}",
        f"from {certificate.begins:%Y-%m-%d} to {certificate.ends:%Y-%m-%d}"
        f", key {certificate.key}, signed with {certificate.signed_with}",
    ]
