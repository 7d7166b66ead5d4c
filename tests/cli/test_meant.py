"""Names that are mistyped, and names that a shell completes."""

import sys
from pathlib import Path

import pytest

from tests.live.support.terminal import Terminal
from tests.support.commands import mailauth


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["srve"], "serve"),
        (["reprot"], "report"),
        (["report", "casse"], "cases"),
        (["replay", "ofice-day"], "office-day"),
        (["gauntlet", "--case", "expird"], "expired"),
    ],
)
def test_a_mistyped_name_is_asked_about(tmp_path: Path, arguments: list[str], meant: str) -> None:
    run = mailauth(*arguments, cwd=tmp_path)
    assert run.returncode == 2
    assert "id you mean" in run.stderr
    assert run.stderr.rstrip().rstrip("?").rstrip("\"'").endswith(meant)
    assert run.stderr.count("\n") == 1


def test_what_resembles_nothing_is_not_asked_about(tmp_path: Path) -> None:
    assert "mean" not in mailauth("xyzzy", cwd=tmp_path).stderr


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("mailauth rep", {"plain,report", "plain,replay"}),
        ("mailauth report c", {"plain,cases", "plain,cutoff", "plain,countries", "file,c"}),
        ("mailauth replay xeams-f", {"plain,xeams-first", "file,xeams-f"}),
        ("mailauth replay trav", {"plain,travelling-user", "file,trav"}),
        ("mailauth report --format j", {"plain,json"}),
    ],
)
def test_a_shell_completes_commands_reports_and_scenarios(
    tmp_path: Path, typed: str, offered: set[str]
) -> None:
    run = mailauth(
        cwd=tmp_path,
        _MAILAUTH_COMPLETE="bash_complete",
        COMP_WORDS=typed,
        COMP_CWORD=str(typed.count(" ")),
    )
    assert set(run.stdout.split()) == offered


def test_how_completion_is_switched_on_is_in_the_help(tmp_path: Path) -> None:
    told = mailauth("--help", cwd=tmp_path).stdout
    assert 'eval "$(_MAILAUTH_COMPLETE=bash_source mailauth)"' in told
    assert "complete" in mailauth(cwd=tmp_path, _MAILAUTH_COMPLETE="bash_source").stdout


def test_a_replay_shows_how_far_it_is_on_a_terminal_only(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "mailauth", "replay", "xeams-first", "--home")
    with Terminal(*command, str(tmp_path / "shown"), home=tmp_path) as terminal:
        assert "playing" in terminal.see("logins played")
    assert (
        mailauth("replay", "xeams-first", "--home", str(tmp_path / "not"), cwd=tmp_path).stderr
        == ""
    )
