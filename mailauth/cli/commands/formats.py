"""`mailauth formats`: the supported logs of other servers."""

import click

from mailauth.report.foreign.formats import FORMATS


@click.command()
def formats() -> None:
    """List the supported logs of other servers, and what each of them can and cannot tell."""
    for known in FORMATS.values():
        documented = "" if known.is_genuine else " (from documentation: no genuine log was at hand)"
        click.echo(f"{known.name}: {known.title}{documented}")
        click.echo(f"  shows    {known.tells}")
        click.echo(f"  lacks    {known.lacks}")
        if known.recipe:
            click.echo(f"  improve  {known.recipe}")
