"""`mailauth rules`: what other programs need to read the logs."""

import click

from mailauth.report.rules import FILES, rules_for


@click.command()
@click.argument("name", type=click.Choice(list(FILES)))
def rules(name: str) -> None:
    """Print rules for fail2ban (failed logins), lnav or grok; each says how to use it."""
    click.echo(rules_for(name), nl=False)
