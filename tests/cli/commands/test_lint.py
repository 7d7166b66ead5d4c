"""`mailauth lint`, where there is nothing to check."""

from pathlib import Path

import click
import pytest

from mailauth.cli.commands.lint import lint

GOLDEN = Path(__file__).parents[2] / "golden"


def run(*arguments: str) -> object:
    return lint.main(arguments, standalone_mode=False)


def test_an_empty_log_is_not_well_unless_that_is_said(tmp_path: Path) -> None:
    empty = tmp_path / "SuccessfulLogins.log"
    empty.touch()
    with pytest.raises(click.UsageError, match="there are no lines to check"):
        run(str(empty))
    assert run(str(empty), "--allow-empty") == 0
    assert run(str(empty), str(GOLDEN / "xeams-first.log")) == 0


def test_a_file_that_cannot_be_read_is_not_well(tmp_path: Path) -> None:
    torn = tmp_path / "torn.gz"
    torn.write_bytes(b"\x1f\x8b\x08\x00\x00\x00\x00\x00")
    assert run(str(torn), "--allow-empty") == 1
