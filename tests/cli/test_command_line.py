"""The command line itself: help, errors and exit codes (DESIGN 3)."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import mailauth


def test_help_lists_the_commands_without_importing_them() -> None:
    """Start-up stays quick: what a command needs is imported when it runs."""
    code = (
        "import sys, mailauth.cli\n"
        "try: mailauth.cli.main(['--help'])\n"
        "except SystemExit as exit: assert exit.code == 0\n"
        "heavy = {'twisted', 'duckdb', 'cryptography', 'rich', 'OpenSSL', 'maxminddb'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "\n  check " in run.stdout
    assert run.stdout.endswith("\n[]\n")


def test_every_command_that_is_listed_has_help() -> None:
    from mailauth.cli import command_line

    context = command_line.make_context("mailauth", [], resilient_parsing=True)
    for name in command_line.list_commands(context):
        command = command_line.get_command(context, name)
        assert command is not None
        assert command.help


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "error: No such command 'nonsense'.\n"),
        (["check", "--nonsense"], "error: No such option '--nonsense'.\n"),
        (["check", "--home", "nowhere"], "error: Invalid value for '--home': "),
        (["check", "--config", "no\x1bfile"], "error: no\\u001bfile: cannot be read: No such file"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    run = mailauth(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith(message)
    assert run.stderr.count("\n") == 1
    assert run.stdout == ""


def test_no_command_is_help_and_exit_2() -> None:
    run = mailauth()
    assert run.returncode == 2
    assert run.stderr.startswith("Usage: mailauth ")


def test_a_reader_that_has_gone_is_no_error() -> None:
    """`mailauth … | head` ends quietly."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mailauth", "check", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert errors == b""
