"""`mailauth users`: accounts in, accounts out, and no password where others can read it."""

import os
import pty
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mailauth.cli import main
from mailauth.passwords.making import SCHEMES
from mailauth.passwords.schemes import stored_hash
from tests.support.commands import mailauth

CONFIG = """
[users]
file = "users.passwd"
[[user]]
name = "mary@mydomain.com"
password = "correct horse"
aliases = ["mary"]
"""
PASSWORD = "s3cret pässword"


class Users:
    """The command, on a home."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self.file = home / "users.passwd"
        self.password = home / "password"
        self.password.write_text(PASSWORD + "\n")
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run it; return the exit code, stdout and stderr."""
        with pytest.raises(SystemExit) as ended:
            main(["users", *arguments, "--home", str(self.home)])
        assert isinstance(ended.value.code, int)
        return ended.value.code, *self._capsys.readouterr()

    def with_password(self, *arguments: str) -> tuple[int, str, str]:
        """Run it with the password from a file."""
        return self(*arguments, "--password-file", str(self.password))


@pytest.fixture
def users(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Users:
    """A home with one account, which is not in its users file."""
    (tmp_path / "mailauth.toml").write_text(CONFIG)
    return Users(tmp_path, capsys)


@pytest.mark.parametrize(
    ("options", "scheme"),
    [
        ([], "ARGON2ID"),
        (["--scheme", "scram-sha-256"], "SCRAM-SHA-256"),
        (["--scheme", "sha512-crypt"], "SHA512-CRYPT"),
        (["--scheme", "bcrypt"], "BLF-CRYPT"),
    ],
)
def test_an_account_is_added_by_its_hash(users: Users, options: list[str], scheme: str) -> None:
    """Argon2id unless another scheme is asked for; the password is nowhere."""
    assert users.with_password("add", "bob@mydomain.com", *options) == (0, "", "")
    name, stored = users.file.read_text().rstrip("\n").split(":")
    assert name == "bob@mydomain.com"
    assert stored.startswith("{" + scheme + "}")
    assert stored_hash(stored).check(PASSWORD.encode())
    assert PASSWORD not in users.file.read_text()


def test_everything_about_an_account_is_listed(users: Users) -> None:
    """But its hash."""
    assert users.with_password("add", "bob", "--role", "admin", "--alias", "b")[0] == 0
    assert users.with_password("passwd", "bob", "--app", "phone")[0] == 0
    assert users("disable", "bob") == (0, "", "")
    code, out, _ = users("list")
    assert code == 0
    [bob] = [line for line in out.splitlines() if "│ bob " in line]
    assert [field.strip() for field in bob.strip("│").split("│")] == [
        "bob",
        "users.passwd",
        "ARGON2ID",
        "admin",
        "b",
        "phone",
        "disabled",
    ]
    [mary] = [line for line in out.splitlines() if "mary@mydomain.com" in line]
    assert "mailauth.toml" in mary
    assert "PLAIN" in mary
    assert "correct horse" not in out
    assert "$argon2id$" not in out
    assert users("enable", "bob") == (0, "", "")
    assert users("remove", "bob", "--app", "phone") == (0, "", "")
    assert users.file.read_text().endswith("::::::role=admin alias=b\n")
    assert users("remove", "bob") == (0, "", "")
    assert users.file.read_text() == ""


def test_a_password_is_changed(users: Users) -> None:
    """And read from stdin."""
    users.with_password("add", "bob")
    before = users.file.read_text()
    changed = mailauth(
        "users", "passwd", "bob", "--stdin", "--home", str(users.home), stdin=b"another\r\n"
    )
    assert (changed.returncode, changed.stdout, changed.stderr) == (0, "", "")
    assert users.file.read_text() != before
    assert stored_hash(users.file.read_text().rstrip("\n").split(":")[1]).check(b"another")


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["add", "Mary@mydomain.com"], 1, "is defined in mailauth.toml, which is not edited"),
        (["add", "mary"], 1, "the account name 'mary' is used twice"),
        (["add", "bob", "--alias", "MARY"], 1, "the account name 'MARY' is used twice"),
        (["add", "sue"], 1, "there is already an account sue"),
        (["passwd", "bob"], 1, "no account bob in the users file"),
        (["add", "a:b"], 1, "a name must not contain spaces, colons or control characters"),
        (["add", "bob", "--scheme", "plain", "--stdin"], 2, "not both"),
        (["add", "bob", "--scheme", "md4"], 2, "Invalid value for '--scheme'"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(
    users: Users, arguments: list[str], code: int, error: str
) -> None:
    """What would leave a configuration that cannot be served is not done."""
    users.file.write_text("sue:{PLAIN}x\n")
    ended, out, err = users.with_password(*arguments)
    assert (ended, out) == (code, "")
    assert error in err
    assert err.count("\n") == 1
    assert users.file.read_text() == "sue:{PLAIN}x\n"


@pytest.mark.parametrize("password", [b"", b"\n", b"two\nlines\n", b"\xff\n", b"x" * 5000])
def test_what_is_no_password_is_refused(users: Users, password: bytes) -> None:
    """One line of text."""
    users.password.write_bytes(password)
    code, _, err = users.with_password("add", "bob")
    assert code == 1
    assert err.count("\n") == 1
    assert not users.file.exists()


def test_a_broken_file_is_not_edited(users: Users) -> None:
    """Its line is named, as it stands in the file."""
    users.file.write_text("sue:{PLAIN}x\nbob:{UNHEARD-OF}y\n")
    code, _, err = users.with_password("add", "derek")
    assert code == 1
    assert err == "error: users.file: users.passwd:2: unknown password scheme {UNHEARD-OF}\n"


def test_without_a_users_file_it_says_so(users: Users) -> None:
    """The configuration is not edited."""
    (users.home / "mailauth.toml").write_text(CONFIG.replace('file = "users.passwd"', ""))
    code, _, err = users.with_password("add", "bob")
    assert code == 2
    assert err == (
        "error: users.file: is not set in mailauth.toml; add the lines [users] and"
        ' file = "users.passwd" to it, and the first `mailauth users add` creates that file\n'
    )


def test_in_a_home_without_a_configuration_it_names_the_way_to_one(users: Users) -> None:
    """The demo has no file in which an account could be kept."""
    (users.home / "mailauth.toml").unlink()
    code, _, err = users.with_password("add", "bob")
    assert code == 2
    assert f"`mailauth init --home {users.home}`" in err


def test_a_users_file_that_is_not_there_is_listed_with_the_way_to_it(users: Users) -> None:
    """The first account makes it, for its owner alone."""
    code, _, err = users("list")
    assert (code, err.count("\n")) == (2, 1)
    assert "does not exist; `mailauth users add` creates it" in err
    assert users.with_password("add", "bob")[0] == 0
    assert stat.S_IMODE(users.file.stat().st_mode) == 0o600
    assert users("list")[0] == 0


def test_the_last_account_is_not_removed(users: Users) -> None:
    """A server without accounts does not start."""
    (users.home / "mailauth.toml").write_text('[users]\nfile = "users.passwd"\n')
    assert users.with_password("add", "bob")[0] == 0
    code, _, err = users("remove", "bob")
    assert (code, err.count("\n")) == (1, 1)
    assert "expected at least one account" in err


def test_without_a_terminal_nothing_is_asked(users: Users) -> None:
    """Nobody would answer."""
    code, _, err = users("add", "bob")
    assert code == 2
    assert "use --stdin" in err


@pytest.mark.parametrize(("again", "added"), [(PASSWORD, True), ("other", False)])
def test_a_password_is_asked_for_twice(users: Users, again: str, added: bool) -> None:
    """And not shown."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "mailauth", "users", "add", "bob", "--home", str(users.home)]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as asking:
        os.close(theirs)
        shown = b""
        for answer in (PASSWORD, again, *(() if added else (PASSWORD, PASSWORD))):
            while b": " not in shown.rpartition(b"\n")[2]:
                shown += os.read(ours, 1000)
            shown += b"\n"
            os.write(ours, answer.encode() + b"\n")
        assert asking.wait(20) == 0
    os.close(ours)
    assert PASSWORD.encode() not in shown
    assert (b"do not match" in shown) is not added
    assert stored_hash(users.file.read_text().rstrip("\n").split(":")[1]).check(PASSWORD.encode())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_demo_password_is_refused_where_others_can_log_in(users: Users, scheme: str) -> None:
    """By whatever scheme, for an account and for one of its applications."""
    config = users.home / "mailauth.toml"
    config.write_text(CONFIG + '[listen]\naddress = "0.0.0.0"\n')
    refusal = (
        'error: accounts: "bob" has the demo password, expected only loopback addresses to listen'
        ' on, got "0.0.0.0"\n'
    )
    users.password.write_text("another\n")
    assert users.with_password("add", "bob")[0] == 0
    before = users.file.read_text()
    users.password.write_text("secret\n")
    for arguments in (("add", "sue"), ("passwd", "bob"), ("passwd", "bob", "--app", "phone")):
        who = refusal.replace("bob", arguments[1])
        assert users.with_password(*arguments, "--scheme", scheme) == (1, "", who)
    assert users.file.read_text() == before
    config.write_text(CONFIG)
    assert users.with_password("passwd", "bob", "--scheme", scheme)[0] == 0
    config.write_text(CONFIG + '[listen]\naddress = "0.0.0.0"\n')
    assert users("disable", "bob") == (1, "", refusal)
