"""`mailauth init`: a home with a commented configuration, the CA and the certificate."""

import contextlib
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import click

from mailauth.cli.home import Home, home_option
from mailauth.config import FILE_NAME, load
from mailauth.home.directories import made

PASSWORD_OCTETS = 9
USERS_HEADER = "# Accounts, one per line; `mailauth users` lists and edits them.\n"


@click.command()
@home_option("The directory to write to, created if needed")
def init(directory: Path) -> None:
    """Write a commented mailauth.toml, the CA and the certificate."""
    from mailauth.certs import server as certificates

    made(directory)
    path = directory / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise click.ClickException(f"{path} already exists; it was not changed") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(_with_passwords(Path(__file__).with_name("init.toml").read_text("utf-8")))
    home = Home(directory=directory.resolve())
    config = load(path)
    users_file = home.directory / config.users.file
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(users_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(USERS_HEADER)
    store = certificates.prepare(home.directory, config.hostname, config.tls, datetime.now(UTC))
    click.echo(f"{path}: the configuration, with its accounts and their passwords")
    click.echo(f"{users_file}: more accounts; `mailauth users add NAME` adds one")
    click.echo(f"{store.ca}: the CA; `mailauth cert trust` says how to make clients trust it")
    click.echo(f"start with: mailauth serve --home {directory}")


def _with_passwords(template: str) -> str:
    """Fill in random passwords, so that the server may listen beyond loopback."""
    while "PASSWORD" in template:
        template = template.replace("PASSWORD", secrets.token_urlsafe(PASSWORD_OCTETS), 1)
    return template
