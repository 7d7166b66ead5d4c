"""Editing a password file: one line changes, and nobody ever sees half a file."""

import fcntl
import os
import stat
import threading
from pathlib import Path

import pytest

from mailauth.home import replacing
from mailauth.passwords.editing import CannotEdit, PasswdFile
from mailauth.passwords.passwd_file import PasswdFileError

BEFORE = (
    "# people, \x0c\u2028 and what a comment may have\n"
    "\n"
    "bob:{PLAIN}x:1000:1000::/home/bob\r\n"
    "  \n"
    "sue:{PLAIN}y::::::alias=s userdb_quota=1G\n"
    "#sue:{PLAIN}old\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that somebody has written by hand."""
    path = tmp_path / "users.passwd"
    path.write_bytes(BEFORE.encode())
    path.chmod(0o640)
    return path


def test_a_change_touches_one_line(path: Path) -> None:
    """Comments, other accounts, line endings and fields that are not ours stay as they are."""
    file = PasswdFile(path)
    file.set_password("BOB", "{PLAIN}z")
    file.set_disabled("bob", True)
    file.set_app_password("sue", "phone", "{PLAIN}p")
    file.set_disabled("sue", True)
    file.add("mary", "{PLAIN}m", ["role=admin", "alias=m"])
    after = BEFORE.replace(
        "{PLAIN}x:1000:1000::/home/bob", "{PLAIN}z:1000:1000::/home/bob::nologin"
    )
    after = after.replace("1G", "1G app_phone={PLAIN}p nologin")
    assert path.read_bytes().decode() == after + "mary:{PLAIN}m::::::role=admin alias=m\n"
    file.set_disabled("bob", False)
    file.set_password("bob", "{PLAIN}x")
    file.set_disabled("sue", False)
    file.set_app_password("sue", "phone", "{PLAIN}q")
    file.set_app_password("sue", "phone", None)
    file.remove("Mary")
    assert path.read_bytes().decode() == BEFORE
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [each.name for each in path.parent.iterdir()] == ["users.passwd"]


def test_a_first_file_is_its_owners_alone(tmp_path: Path) -> None:
    """It holds hashes. Root makes it for whom the directory belongs to: the server."""
    path = tmp_path / "users.passwd"
    if os.geteuid() == 0:
        os.chown(tmp_path, 65534, 65534)
    PasswdFile(path).add("mary", "{PLAIN}y", [])
    assert path.read_text() == "mary:{PLAIN}y\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_uid == tmp_path.stat().st_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_file_stays_its_owners(path: Path) -> None:
    """Or the server could not read it any more when root has edited it."""
    os.chown(path, 65534, 65533)
    PasswdFile(path).remove("bob")
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65533)


def test_a_link_stays_a_link(path: Path) -> None:
    """What it leads to is edited."""
    link = path.with_name("link")
    link.symlink_to(path)
    PasswdFile(link).remove("bob")
    assert link.is_symlink()
    assert "bob" not in path.read_text()


def test_what_is_not_there_is_not_changed(path: Path) -> None:
    """A name in another letter case is the same account; a comment is none."""
    file = PasswdFile(path)
    with pytest.raises(CannotEdit, match="there is already an account"):
        file.add("Sue", "{PLAIN}z", [])
    for change in (file.remove, lambda name: file.set_password(name, "{PLAIN}z")):
        with pytest.raises(CannotEdit, match="no account mary"):
            change("mary")
    with pytest.raises(CannotEdit, match="no password for phone"):
        file.set_app_password("bob", "phone", None)
    with pytest.raises(CannotEdit, match="must not contain spaces"):
        file.set_app_password("bob", "phone", "{PLAIN}a b")
    assert path.read_bytes().decode() == BEFORE


@pytest.mark.parametrize(
    "name", ["", "a:b", "a b", " a", "#a", "a\nb:{PLAIN}x", "a\r", "a\u2028b", "a\x1bb"]
)
def test_a_name_that_would_break_the_file_is_refused(path: Path, name: str) -> None:
    """Of an account, of an alias, of an application."""
    file = PasswdFile(path)
    with pytest.raises(CannotEdit, match="a name must not contain"):
        file.add(name, "{PLAIN}x", [])
    with pytest.raises(CannotEdit, match="a name must not contain"):
        file.add("mary", "{PLAIN}x", [f"alias={name}"])
    with pytest.raises(CannotEdit, match="a name must not contain"):
        file.set_app_password("bob", name, "{PLAIN}x")
    assert path.read_bytes().decode() == BEFORE


def test_a_change_that_does_not_pass_is_not_made(path: Path) -> None:
    """The file is as it was, and nothing lies beside it."""

    def check(changed: Path) -> None:
        assert "mary" in changed.read_text()
        raise CannotEdit("no")

    with pytest.raises(CannotEdit, match="no"):
        PasswdFile(path, check).add("mary", "{PLAIN}x", [])
    assert path.read_bytes().decode() == BEFORE
    assert [each.name for each in path.parent.iterdir()] == ["users.passwd"]


def test_a_file_that_is_no_text_is_left_alone(path: Path) -> None:
    """We would write something else than we have read."""
    path.write_bytes(b"mary\xff:x\n")
    with pytest.raises(PasswdFileError, match="not UTF-8"):
        PasswdFile(path).add("bob", "{PLAIN}x", [])
    assert path.read_bytes() == b"mary\xff:x\n"


def test_editors_wait_for_each_other(path: Path) -> None:
    """No change is lost when several are made at a time."""

    def add(number: int) -> None:
        PasswdFile(path).add(f"user{number}", "{PLAIN}x", [])

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text().count("{PLAIN}x\n") == 12


def test_an_editor_that_is_stopped_is_not_waited_for_for_ever(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacing, "PATIENCE", 0.1)
    directory = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    with pytest.raises(CannotEdit, match="another command has been editing the file"):
        PasswdFile(path).set_password("bob", "{PLAIN}z")
    os.close(directory)
    assert path.read_bytes() == BEFORE.encode()
