"""`mailauth console`: a new one-time link that opens the running server's console."""

import click

from mailauth.cli.home import Home, home_options
from mailauth.control.client import CannotAsk, ask
from mailauth.control.console import ConsoleLink, OpenConsole


@click.command()
@home_options
def console(home: Home) -> None:
    """Print a link that opens the console of the running server as administrator.

    It works once, within 10 minutes, and only in a browser on the server's own machine.
    """
    try:
        link = ask(home.directory, OpenConsole(), ConsoleLink)
    except CannotAsk as error:
        raise click.ClickException(str(error)) from None
    click.echo(link.url)
    minutes = link.seconds // 60
    click.echo(f"The link works once, within {minutes} minutes, on this machine.", err=True)
