"""The command line: one module for each command, imported when it is used.

Errors are one line on stderr, `error: …`. Exit codes: 0 is success; 1 is a failure, including one
that only the operating system could detect; 2 is wrong usage, or a mistake in the configuration.
"""

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from mailauth.config.errors import ConfigError, meant, printable

COMMANDS = {
    "serve": "Run the server.",
    "init": "Write a commented mailauth.toml, the CA and the certificate.",
    "check": "Validate the configuration and print its listeners.",
    "users": "List, add, change and remove the accounts of the users file.",
    "cert": "Show or issue certificates, and make clients trust the CA.",
    "token": "Issue OAuth tokens for tests.",
    "console": "Print a new link that opens the console.",
    "api-token": "Create, list and revoke tokens for the API and Prometheus.",
    "block": "List and clear blocked addresses.",
    "watch": "Follow another mail server's logs, and show who logs in insecurely.",
    "tail": "Follow the log.",
    "report": "Report who logs in insecurely.",
    "query": "Query the logs in SQL.",
    "lint": "Check log files strictly, line by line.",
    "formats": "List the supported logs of other servers.",
    "rules": "Print rules for other programs that read the log.",
    "expect": "Assert on the log, for CI.",
    "replay": "Play a scenario against real listeners.",
    "probe": "Try every port, TLS mode and mechanism of a server.",
    "gauntlet": "Test a mail client against broken TLS and broken servers.",
}


class CommandLine(click.Group):
    """Finds a command in the module of its name, so that only the command in use is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the help."""
        return [name for name in COMMANDS if importlib.util.find_spec(_module_of(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; `None` if the name is unknown."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(_module_of(cmd_name))
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; the error for an unknown one suggests a similar name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = meant(args[0], self.list_commands(ctx))
            if hint:
                raise click.UsageError(f"{error.message.rstrip('.')}{hint}", ctx) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Format the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


def _module_of(command: str) -> str:
    return f"{__name__}.commands.{command.replace('-', '_')}"


_COMPLETION = """\b
Completion in a shell:
  bash   eval "$(_MAILAUTH_COMPLETE=bash_source mailauth)"    (in ~/.bashrc)
  zsh    eval "$(_MAILAUTH_COMPLETE=zsh_source mailauth)"     (in ~/.zshrc)
  fish   _MAILAUTH_COMPLETE=fish_source mailauth | source     (in config.fish)
"""


@click.group(
    cls=CommandLine,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=_COMPLETION,
)
@click.version_option(package_name="mailauth", message="%(prog)s %(version)s")
def command_line() -> None:
    """A mail server that shows who logs in insecurely."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with the code that it returns, or 0.

    A command raises `click.UsageError` or `ConfigError` for 2, `click.ClickException` for 1.
    """
    try:
        code = command_line.main(arguments, prog_name="mailauth", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)
    except ConfigError as error:
        _fail(str(error), 2)
    except click.Abort:
        sys.exit(130)  # 128 + SIGINT
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error), 1)
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str, code: int) -> NoReturn:
    line = printable(" ".join(message.split()))
    click.echo(f"error: {line}", err=True)
    sys.exit(code)
