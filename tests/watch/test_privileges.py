"""Root becomes an ordinary user before a log is read, and stays able to read it after rotation."""

import grp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mailauth.watch.privileges import CannotDrop, capabilities, drop
from tests.watch.desk import Watched, dovecot, users

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to give up")

USER = "nobody"
UNIT = Path(__file__).parents[2] / "packaging" / "mailauth-watch.service"


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that anybody may enter."""
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def in_a_child(action: Callable[[], object]) -> str:
    """Do something in a process of its own; return what it says of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = repr(action())
        except BaseException as error:  # noqa: BLE001
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


def readable_by_adm(log: Path) -> None:
    os.chown(log, 0, grp.getgrnam("adm").gr_gid)
    log.chmod(0o640)


@pytest.fixture(autouse=True)
def _python_is_where_anybody_can_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be root's own here; what the test needs of it is loaded."""
    monkeypatch.setattr("mailauth.watch.privileges.NEEDED", ())


def test_a_log_is_read_without_privileges_and_after_its_rotation(place: Path) -> None:
    """The group that may read the log is kept, as log rotation keeps it."""
    watched = Watched(place)
    watched.append(dovecot("amy"))
    readable_by_adm(watched.log)
    home = place / "home"

    def follow() -> tuple[int, int, list[str | None], list[str | None]]:
        drop(USER, [watched.log], home, journal=False)
        held = capabilities()
        watched.cursor.path = home / "watch.json"
        watched.start()
        os.write(go, b"1")
        assert os.read(done, 1)
        first = users(watched.look())
        os.write(go, b"2")
        assert os.read(done, 1)
        return os.geteuid(), held, first, users(watched.look())

    (seen, go), (done, gone) = os.pipe(), os.pipe()
    writer = os.fork()
    if writer == 0:
        os.read(seen, 1)
        watched.append(dovecot("bob", 1))
        os.write(gone, b"1")
        os.read(seen, 1)
        watched.log.rename(place / "mail.log.1")
        watched.append(dovecot("eve", 2))
        readable_by_adm(watched.log)
        os.write(gone, b"2")
        os._exit(0)
    said = in_a_child(follow)
    os.waitpid(writer, 0)
    assert said == "(65534, 0, ['bob'], ['bob', 'eve'])"
    assert home.stat().st_uid == 65534
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_log_that_only_root_may_read_stays_unreadable(place: Path) -> None:
    log = place / "mail.log"
    log.write_text("")
    log.chmod(0o640)  # its group is root's, which is not handed on

    def read() -> str:
        drop(USER, [log], place / "home", journal=False)
        return log.read_text()

    assert "PermissionError" in in_a_child(read)


@pytest.mark.parametrize(("user", "said"), [("root", "has all privileges"), ("ghost", "no user")])
def test_a_user_that_does_not_do_is_refused(place: Path, user: str, said: str) -> None:
    with pytest.raises(CannotDrop, match=said):
        drop(user, [], place / "home", journal=False)


def test_root_must_name_a_user(place: Path) -> None:
    log = place / "mail.log"
    log.touch()
    command = [sys.executable, "-m", "mailauth", "watch", str(log), "--home", str(place / "home")]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert refused.returncode == 2
    assert "name an ordinary user with --user NAME" in refused.stderr
    assert "adm and systemd-journal" in refused.stderr
    assert not (place / "home").exists()


def test_the_unit_for_systemd_is_hardened() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    checked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stdout
    text = UNIT.read_text()
    assert "DynamicUser=yes" in text
    assert "SupplementaryGroups=adm systemd-journal" in text
