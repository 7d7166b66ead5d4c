"""`mailauth replay`: the samples of the Xeams documentation, byte for byte."""

import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent.parent / "golden"


def replay(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own: a reactor runs once."""
    return subprocess.run(
        [sys.executable, "-m", "mailauth", "replay", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


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
    assert played.stderr.startswith('error: no scenario "nothing"')
    assert "xeams-first" in played.stderr
