"""Whether logins can be recorded: found out by a look, over by itself."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailauth.record.readiness import FAILED_SECONDS, Readiness
from mailauth.record.recorder import FileRecorder
from tests.record.desk import BOB, FAILURES, SUCCESSES, Clock, lines, opened


class Watch:
    """A recorder that somebody asks about every now and then."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.clock = Clock()
        self.recorder: FileRecorder = opened(logs, self.clock)
        self._readiness = Readiness(self.recorder, logs, self.clock)

    def trouble(self) -> str | None:
        """Look again; a look is good for a second."""
        self.clock.seconds += 1
        return self._readiness.trouble()


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "logs")


def test_all_is_well_and_nothing_is_left_behind(watch: Watch) -> None:
    names = sorted(path.name for path in watch.logs.iterdir())
    assert watch.trouble() is None
    assert sorted(path.name for path in watch.logs.iterdir()) == names
    assert lines(watch.logs) == []


def test_a_full_disk_is_told_though_nobody_logs_in_and_is_over_by_itself(full_disk: Path) -> None:
    watch = Watch(full_disk / "logs")
    assert watch.trouble() is None
    ballast = full_disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)) == 4096:
            if not os.statvfs(full_disk).f_bavail:
                break
    assert watch.trouble() == "No space left on device"
    ballast.unlink()
    assert watch.trouble() is None


@pytest.mark.parametrize("name", [SUCCESSES, FAILURES])
@pytest.mark.parametrize("what", ["directory", "fifo", "link"])
def test_a_path_that_is_no_log_is_told_and_is_over_by_itself(
    watch: Watch, name: str, what: str
) -> None:
    path = watch.logs / name
    path.unlink()
    match what:
        case "directory":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case _:
            path.symlink_to("/dev/null")
    assert watch.trouble() is not None
    if what == "directory":
        path.rmdir()
    else:
        path.unlink()
    assert watch.trouble() is None


def test_logs_that_were_moved_away_are_no_trouble(watch: Watch) -> None:
    """They are opened anew, as they are when somebody logs in."""
    watch.logs.rename(watch.logs.with_name("old"))
    assert watch.trouble() is None
    watch.recorder.record(BOB)
    assert len(lines(watch.logs)) == 1
    shutil.rmtree(watch.logs)
    assert watch.trouble() is None


def test_a_directory_that_cannot_be_made_is_trouble(watch: Watch) -> None:
    watch.logs.rename(watch.logs.with_name("old"))
    watch.logs.write_text("no directory")
    assert watch.trouble() is not None
    watch.logs.unlink()
    assert watch.trouble() is None


def test_a_record_that_failed_is_trouble_for_a_while(
    watch: Watch, limit: Callable[[int], None]
) -> None:
    """What a look does not find, the login has found."""
    watch.recorder.record(BOB)
    limit((watch.logs / SUCCESSES).stat().st_size + 20_000)
    assert watch.trouble() is None
    limit((watch.logs / SUCCESSES).stat().st_size + 1)
    assert watch.recorder.record(BOB) is None
    limit(-1)
    assert watch.trouble() == "a record could not be written"
    watch.clock.seconds += FAILED_SECONDS
    assert watch.trouble() is None


def test_logs_that_are_ours_in_a_directory_that_is_not(unprivileged: Path) -> None:
    watch = Watch(unprivileged / "logs")
    watch.logs.chmod(0o500)
    assert watch.trouble() is None
    watch.logs.chmod(0o700)


def test_who_asks_often_costs_one_look_a_second(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[None] = []
    monkeypatch.setattr(watch.recorder, "check", lambda: looks.append(None))
    watch.clock.seconds += 1
    for _ in range(1_000):
        watch._readiness.trouble()
    assert len(looks) == 1
