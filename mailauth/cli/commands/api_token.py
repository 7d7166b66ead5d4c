"""`mailauth api-token`: tokens for the API and for Prometheus that survive a restart."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from mailauth.cli.home import Home, home_options
from mailauth.config.errors import printable
from mailauth.home import STATE_DIRECTORY
from mailauth.tokens.api import ApiTokens, ApiTokensError, Scope


@click.group()
def api_token() -> None:
    """Create, list and revoke tokens for the API and for Prometheus.

    A running server applies a change at once.
    """


@api_token.command()
@home_options
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.READ.value,
    show_default=True,
    help="metrics: only /metrics; read: also all sign-ins and reports; admin: everything.",
)
@click.option(
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the token to a new file that only its owner can read, instead of stdout.",
)
def create(home: Home, name: str, scope: str, file: Path | None) -> None:
    """Create a token called NAME and print it once: only its hash is stored."""
    descriptor = None if file is None else _new_file(file)
    try:
        token = _tokens(home).create(name, Scope(scope), datetime.now(UTC))
    except BaseException as error:
        if file is not None and descriptor is not None:
            os.close(descriptor)
            file.unlink(missing_ok=True)
        if isinstance(error, ApiTokensError):
            raise click.ClickException(str(error)) from None
        raise
    if descriptor is None:
        click.echo(token)
    else:
        with os.fdopen(descriptor, "w", encoding="ascii") as written:
            written.write(f"{token}\n")


@api_token.command("list")
@home_options
def list_(home: Home) -> None:
    """Print the name of each token, its scope, and when it was created."""
    try:
        tokens = _tokens(home).all()
    except ApiTokensError as error:
        raise click.ClickException(str(error)) from None
    if not tokens:
        click.echo("There are no tokens: `mailauth api-token create NAME` creates one.", err=True)
    width = max((len(token.name) for token in tokens), default=0)
    for token in tokens:
        created = f"{token.created.astimezone():%Y-%m-%d %H:%M:%S%z}"
        click.echo(f"{printable(token.name):<{width}}  {token.scope.value:<7}  created {created}")


@api_token.command()
@home_options
@click.argument("name")
def revoke(home: Home, name: str) -> None:
    """Revoke the token called NAME."""
    try:
        _tokens(home).revoke(name)
    except ApiTokensError as error:
        raise click.ClickException(str(error)) from None


def _tokens(home: Home) -> ApiTokens:
    return ApiTokens(home.directory / STATE_DIRECTORY)


def _new_file(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} already exists; it was not changed") from None
