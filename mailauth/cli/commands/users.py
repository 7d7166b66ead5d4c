"""`mailauth users`: the accounts of the users file, by name and hash. It edits no other file.

A password is asked for twice, or read from stdin or a file. It is never an argument, since other
users of the machine can read those.
"""

import sys
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from mailauth.cli.home import CommandFunction, Home, home_options
from mailauth.config import Config, ConfigError, UsersConfig
from mailauth.config.demo_password import DemoPassword
from mailauth.login.accounts import Role
from mailauth.passwords.crypt import NoCrypt
from mailauth.passwords.editing import CannotEdit, PasswdFile
from mailauth.passwords.making import SCHEMES, CannotStore
from mailauth.passwords.passwd_file import PasswdFileError

MAX_PASSWORD_OCTETS = 4096


@click.group()
def users() -> None:
    """List, add, change and remove the accounts of the users file.

    A running server applies a change within a second if the whole file is valid.
    """


def edits(command: CommandFunction) -> CommandFunction:
    """Pass a command the `account` to edit and the users file as `file`."""

    @home_options
    @click.argument("account")
    @wraps(command)
    def with_file(home: Home, account: str, **arguments: Any) -> None:
        config = home.load()
        try:
            command(account=account, file=_users_file(home, config, account), **arguments)
        except (CannotEdit, CannotStore, NoCrypt, PasswdFileError) as error:
            raise click.ClickException(str(error)) from None

    return with_file


def takes_password(command: CommandFunction) -> CommandFunction:
    """Pass a command the password as `stored`, in the scheme that is selected."""

    @click.option(
        "--scheme",
        type=click.Choice(list(SCHEMES)),
        default="argon2id",
        show_default=True,
        help="How to store the password: scram-… also allows SCRAM, plain allows every mechanism.",
    )
    @click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from stdin.")
    @click.option(
        "--password-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Read the password from a file.",
    )
    @wraps(command)
    def with_password(
        scheme: str, from_stdin: bool, password_file: Path | None, **arguments: Any
    ) -> None:
        if from_stdin and password_file is not None:
            raise click.UsageError("give --stdin or --password-file, not both")
        if password_file is not None:
            password = _one_line(password_file.read_bytes())
        elif from_stdin:
            password = _one_line(sys.stdin.buffer.read(MAX_PASSWORD_OCTETS + 3))
        else:
            password = _prompted()
        command(stored=SCHEMES[scheme](password), **arguments)

    return with_password


@users.command("list")
@home_options
def list_(home: Home) -> None:
    """List all accounts, including those of mailauth.toml, and how passwords are stored."""
    from mailauth.cli.framed import print_framed

    config = home.load()
    in_configuration = {user.name for user in config.user}
    print_framed(
        ("account", "stored in", "scheme", "role", "also called", "app passwords", "state"),
        (
            (
                account.name,
                _configuration(home) if account.name in in_configuration else config.users.file,
                account.secret.scheme,
                account.role.value,
                " ".join(account.aliases),
                " ".join(app.label for app in account.app_passwords),
                "disabled" if account.disabled else "",
            )
            for account in home.accounts(config)
        ),
        sys.stdout,
    )


@users.command()
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    help="An admin sees the logins of all accounts.",
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME",
    help="Another name of the account; can be repeated.",
)
@edits
@takes_password
def add(
    account: str, file: PasswdFile, stored: str, role: str | None, aliases: tuple[str, ...]
) -> None:
    """Add ACCOUNT."""
    extra = [f"role={role}"] if role is not None else []
    file.add(account, stored, [*extra, *(f"alias={alias}" for alias in aliases)])


@users.command()
@click.option("--app", metavar="LABEL", help="Set a separate password for one application.")
@edits
@takes_password
def passwd(account: str, file: PasswdFile, stored: str, app: str | None) -> None:
    """Change the password of ACCOUNT."""
    if app is None:
        file.set_password(account, stored)
    else:
        file.set_app_password(account, app, stored)


@users.command()
@click.option("--app", metavar="LABEL", help="Remove only the password for this application.")
@edits
def remove(account: str, file: PasswdFile, app: str | None) -> None:
    """Remove ACCOUNT."""
    if app is None:
        file.remove(account)
    else:
        file.set_app_password(account, app, None)


@users.command()
@edits
def disable(account: str, file: PasswdFile) -> None:
    """Disable ACCOUNT, so that nobody can log in as it."""
    file.set_disabled(account, True)


@users.command()
@edits
def enable(account: str, file: PasswdFile) -> None:
    """Enable ACCOUNT again."""
    file.set_disabled(account, False)


def _users_file(home: Home, config: Config, name: str) -> PasswdFile:
    """Return the file to edit; the configuration must still be valid with the edited file."""
    if not config.users.file:
        raise ConfigError(f"users.file: {_without_users_file(home)}")
    if any(name.casefold() == user.name.casefold() for user in config.user):
        where = _configuration(home)
        raise click.ClickException(f"{name} is defined in {where}, which is not edited")

    path = home.directory / config.users.file

    def check(changed: Path) -> None:
        try:
            users = UsersConfig(file=str(changed))
            accounts = home.accounts(msgspec.structs.replace(config, users=users))
            edited = accounts.find(name.encode("utf-8", "surrogatepass"))
            DemoPassword().check([edited] if edited is not None else [], config.listener)
        except ConfigError as error:
            raise CannotEdit(str(error).replace(changed.name, path.name)) from None

    return PasswdFile(path, check)


def _without_users_file(home: Home) -> str:
    """Explain what to do if the configuration does not name a file to edit."""
    if home.config_path is None:
        return (
            f"the demo's accounts cannot be edited; `mailauth init --home {home.directory}`"
            " writes a configuration with a users file"
        )
    return (
        f"is not set in {_configuration(home)}; add the lines [users] and"
        ' file = "users.passwd" to it, and the first `mailauth users add` creates that file'
    )


def _configuration(home: Home) -> str:
    return "the demo" if home.config_path is None else home.config_path.name


def _prompted() -> str:
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for the password: use --stdin")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password


def _one_line(data: bytes) -> str:
    """Return the password from one line, without the line ending."""
    try:
        text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise click.ClickException("the password is not UTF-8") from None
    if not text or "\n" in text or len(data) > MAX_PASSWORD_OCTETS + 2:
        raise click.ClickException("expected a password on one line")
    return text
