"""`kill -9` at any moment loses no acknowledged login, and tears nothing.

`scripts/faults` plays 50 rounds of each kind.
"""

from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from random import Random

import pytest

from mailauth.testing import RunningServer
from tools.kill_rounds import KINDS, Rounds

ROUNDS = 2


@pytest.mark.parametrize(
    ("workers", "kind"),
    [(1, "rotation"), (1, "durability disk"), (2, "rotation")],
)
def test_rounds_of_kills_under_load(tmp_path: Path, workers: int, kind: str) -> None:
    """The server, one of its workers, or everybody at once; what was answered is recorded."""
    rounds = Rounds(tmp_path, workers, KINDS[kind], Random(workers))
    for _ in range(ROUNDS):
        rounds.play()
    rounds.stop()


def test_a_worker_killed_under_load_interrupts_nobody_else(tmp_path: Path) -> None:
    """The server stays up, and another worker takes the place."""
    rounds = Rounds(tmp_path, 2, KINDS["rotation"], Random(0))
    rounds.play("worker")
    rounds.play("worker")
    rounds.stop()


def test_a_killed_server_leaves_nothing_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What its reports keep aside is in its home, where the next server removes it."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    home = tmp_path / "home"
    home.mkdir()
    server = RunningServer(home)
    server.start()
    with closing(HTTPConnection("127.0.0.1", server.port("http"), timeout=20)) as client:
        token = {"Authorization": f"Bearer {server.ready.api_token}"}
        client.request("GET", "/api/v1/cases", headers=token)
        response = client.getresponse()
        assert response.status == 200, response.read()
    assert list((home / ".mailauth" / "tmp").iterdir()) != []
    server.kill()
    server.start()
    assert list((home / ".mailauth" / "tmp").iterdir()) == []
    assert server.stop() == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_rounds_would_notice(tmp_path: Path) -> None:
    """A line that is missing, doubled or torn is seen, and so is a record that differs."""
    rounds = Rounds(tmp_path, 1, KINDS["no rotation"], Random(0))
    rounds.play()
    rounds.stop()
    log, journal = (
        tmp_path / "logs" / name for name in ("SuccessfulLogins.log", "LoginAttempts.jsonl")
    )
    for path in (log, journal):
        before = path.read_bytes()
        *_, last = before.splitlines(keepends=True)
        for spoilt in (before[: -len(last)], before + last, before[:-1]):
            path.write_bytes(spoilt)
            with pytest.raises(AssertionError):
                rounds.verify()
        path.write_bytes(before)
    rounds.verify()
