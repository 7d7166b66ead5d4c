"""The command line: one file a command."""

import click


@click.group()
@click.version_option(package_name="mailauth")
def main() -> None:
    """A mail server that shows who logs in insecurely."""
