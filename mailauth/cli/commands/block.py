"""`mailauth block`: the addresses that a running server has blocked after too many failures."""

from datetime import datetime

import click

from mailauth.cli.home import Home, home_options
from mailauth.config.errors import printable
from mailauth.control.blocks import Blocks, ClearBlock, ClearBlocks, Cleared, ListBlocks
from mailauth.control.client import CannotAsk, ask


@click.group()
def block() -> None:
    """List and clear the addresses that the running server has blocked."""


@block.command("list")
@home_options
def list_(home: Home) -> None:
    """Print each blocked address, its failures, and when the block ends unless it tries again."""
    try:
        blocks = ask(home.directory, ListBlocks(), Blocks)
    except CannotAsk as error:
        raise click.ClickException(str(error)) from None
    if not blocks.blocked:
        click.echo("No address is blocked.", err=True)
    for one in blocks.blocked:
        until = datetime.fromtimestamp(one.until).astimezone()
        click.echo(f"{one.address}  {one.failures} failures  until {until:%Y-%m-%d %H:%M:%S%z}")


@block.command()
@home_options
@click.argument("address", required=False)
@click.option("--all", "everybody", is_flag=True, help="Unblock every address.")
def clear(home: Home, address: str | None, everybody: bool) -> None:
    """Unblock ADDRESS (for IPv6, its /64), or --all addresses."""
    if (address is not None) == everybody:
        raise click.UsageError("give either one address or --all")
    request = ClearBlocks() if address is None else ClearBlock(address)
    try:
        cleared = ask(home.directory, request, Cleared)
    except CannotAsk as error:
        raise click.ClickException(str(error)) from None
    for one in cleared.addresses:
        click.echo(printable(one))
