"""`mailauth token`: bearer tokens for tests of OAUTHBEARER, XOAUTH2 and HTTP Bearer."""

import sys
import time

import click

from mailauth.cli.duration import Duration
from mailauth.cli.home import Home, account_named, home_options
from mailauth.home import STATE_DIRECTORY
from mailauth.tokens import AUDIENCE, TokenIssuer


@click.group()
def token() -> None:
    """Issue OAuth tokens for tests, and revoke them."""


@token.command()
@home_options
@click.option("--user", required=True, metavar="NAME", help="The account to issue it for.")
@click.option(
    "--expires",
    type=Duration(),
    default="1h",
    show_default=True,
    help="How long the token is valid; -1s makes one that has already expired.",
)
@click.option(
    "--audience",
    default=AUDIENCE,
    show_default=True,
    help="The audience of the token; the server rejects every other one.",
)
def issue(home: Home, user: str, expires: float, audience: str) -> None:
    """Print a token."""
    account = account_named(home.accounts(home.load()), user)
    click.echo(_issuer(home).issue(account.name, expires, audience))


@token.command()
@home_options
@click.argument("token")
def revoke(home: Home, token: str) -> None:
    """Revoke TOKEN, also for a running server; - reads it from stdin."""
    text = sys.stdin.read() if token == "-" else token
    try:
        _issuer(home).revoke(text.strip().encode())
    except ValueError as error:
        raise click.ClickException(str(error)) from None


def _issuer(home: Home) -> TokenIssuer:
    return TokenIssuer(home.directory / STATE_DIRECTORY, time.time)
