"""`mailauth replay`: the samples of the Xeams documentation, byte for byte."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.support.commands import mailauth

GOLDEN = Path(__file__).parent.parent / "golden"


def replay(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: a reactor runs once."""
    return mailauth("replay", *arguments)


@pytest.mark.parametrize("name", ["xeams-first", "xeams-after-fix"])
def test_the_documented_samples_come_out_byte_for_byte(name: str, tmp_path: Path) -> None:
    """Real logins over real sockets; the clock, the zone and the addresses are the scenario's."""
    played = replay(name, "--home", str(tmp_path))
    assert (played.returncode, played.stderr) == (0, "")
    written = (tmp_path / "logs" / "SuccessfulLogins.log").read_bytes()
    assert written == (GOLDEN / f"{name}.log").read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_a_log_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    """Nobody's record is mixed with a play."""
    log = tmp_path / "logs" / "SuccessfulLogins.log"
    log.parent.mkdir()
    log.write_text("something\n")
    played = replay("xeams-first", "--home", str(tmp_path))
    assert played.returncode == 1
    assert played.stderr == f"error: {log} is not empty\n"
    assert log.read_text() == "something\n"


def test_an_unknown_scenario_names_those_there_are(tmp_path: Path) -> None:
    """One line, exit 2."""
    played = replay("nothing", "--home", str(tmp_path))
    assert played.returncode == 2
    assert played.stderr.startswith('error: unknown scenario "nothing"')
    assert "xeams-first" in played.stderr


def test_it_can_be_played_no_faster_than_one_likes(tmp_path: Path) -> None:
    """Two logins an hour apart, 3,600 times as fast: a second."""
    scenario = tmp_path / "two.toml"
    scenario.write_text(
        "".join(
            f'[[login]]\nat = 2026-03-02T{hour}:00:00\nservice = "pop3"\nuser = "bob"\n'
            'from = "10.0.0.1"\n'
            for hour in ("09", "10")
        )
    )
    began = time.monotonic()
    played = replay(str(scenario), "--home", str(tmp_path / "home"), "--speed", "3600x")
    assert (played.returncode, played.stderr) == (0, "")
    assert time.monotonic() - began >= 1


def test_strangers_have_no_account(tmp_path: Path) -> None:
    scenario = tmp_path / "stranger.toml"
    scenario.write_text(
        'strangers = ["admin"]\n[[login]]\nat = 2026-03-02T09:00:00\nservice = "imap"\n'
        'user = "admin"\nfrom = "10.0.0.1"\n[[login]]\nat = 2026-03-02T09:01:00\n'
        'service = "imap"\nuser = "bob"\nfrom = "10.0.0.1"\n'
    )
    assert replay(str(scenario), "--home", str(tmp_path / "home")).returncode == 0
    logs = tmp_path / "home" / "logs"
    assert "- bob -" in (logs / "SuccessfulLogins.log").read_text()
    assert "no such account" in (logs / "LoginAttempts.jsonl").read_text()


def test_a_scenario_without_a_login_is_a_mistake(tmp_path: Path) -> None:
    """A play in which nobody logs in would be a success that shows nothing."""
    scenario = tmp_path / "empty.toml"
    scenario.write_text('timezone = "UTC"\nlogin = []\n')
    played = replay(str(scenario), "--home", str(tmp_path))
    assert played.returncode == 2
    assert played.stderr.startswith(f"error: {scenario}: Expected `array` of length >= 1")
