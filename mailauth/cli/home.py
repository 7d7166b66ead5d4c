"""The home directory and the configuration file: options of most commands."""

import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from mailauth.config import FILE_NAME, Config, accounts_of, load, load_watching
from mailauth.home import is_watch_home
from mailauth.login.accounts import Account, Accounts

CommandFunction = Callable[..., Any]


class Home(msgspec.Struct, frozen=True):
    """The directory of `mailauth.toml`, `certs/`, `logs/` and `.mailauth/`, and a configuration."""

    directory: Path
    config_file: Path | None = None

    @property
    def config_path(self) -> Path | None:
        """The configuration file in use; `None` is the demo."""
        if self.config_file is not None:
            return self.config_file
        path = self.directory / FILE_NAME
        return path if path.exists() or path.is_symlink() else None

    def load(self, *, port_offset: int | None = None, ephemeral: bool = False) -> Config:
        """Load the configuration. Raises `ConfigError`."""
        if is_watch_home(self.directory):
            return load_watching(self.config_path, ephemeral=ephemeral)
        return load(self.config_path, port_offset=port_offset, ephemeral=ephemeral)

    def accounts(self, config: Config) -> Accounts:
        """Read the accounts, for a command that does not check passwords. Raises `ConfigError`."""
        from mailauth.passwords.verifier import Verifier

        verifier = Verifier(lambda call: call(), time.monotonic)
        return accounts_of(config, self.directory, verifier.secret)


def account_named(accounts: Accounts, name: str) -> Account:
    """Find an account by its name, or by the part before the @ if only one account has it.

    Raises `ClickException` for an unknown name.
    """
    found = accounts.meant_by(name)
    if found is None:
        raise click.ClickException(f"there is no account {name}")
    return found


def home_option(text: str, *, exists: bool = False) -> Callable[[CommandFunction], CommandFunction]:
    """Give a command the option `--home` as `directory`; `text` is its help."""
    return click.option(
        "--home",
        "directory",
        metavar="DIR",
        type=click.Path(exists=exists, file_okay=False, path_type=Path),
        default=".",
        help=f"{text} (default: the working directory).",
    )


def home_options(command: CommandFunction) -> CommandFunction:
    """Give a command the options `--home` and `--config`, and pass their result as `home`."""

    @home_option("The directory of mailauth.toml, certs/ and logs/", exists=True)
    @click.option(
        "--config",
        "config_file",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The configuration file (default: mailauth.toml in the home).",
    )
    @wraps(command)
    def with_home(directory: Path, config_file: Path | None, **arguments: Any) -> Any:
        home = Home(directory=directory.resolve(), config_file=config_file)
        return command(home=home, **arguments)

    return with_home
