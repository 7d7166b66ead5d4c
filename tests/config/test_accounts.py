"""Accounts by a users file, beside those of the configuration (DESIGN 3)."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.config import Config, ConfigError, accounts_of, load
from mailauth.passwords.verifier import Verifier

ALICE = '[[user]]\nname = "alice"\npassword = "correct horse"\n'
FILE = '[users]\nfile = "users.passwd"\n'


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    """Checks of hashes."""
    verifier = Verifier(lambda call: call(), time.monotonic)
    yield verifier
    verifier.close()


def config(home: Path, text: str, users: str) -> Config:
    (home / "users.passwd").write_text(users)
    (home / "mailauth.toml").write_text(text)
    return load(home / "mailauth.toml")


def test_a_users_file_stands_beside_the_tables(tmp_path: Path, verifier: Verifier) -> None:
    ours = config(tmp_path, FILE + ALICE, "bob:{PLAIN}other horse\n")
    accounts = accounts_of(ours, tmp_path, verifier.secret)
    assert [account.name for account in accounts] == ["alice", "bob"]
    assert accounts.matches(accounts.find(b"bob"), b"other horse") is True


def test_a_users_file_is_enough(tmp_path: Path, verifier: Verifier) -> None:
    accounts = accounts_of(config(tmp_path, FILE, "bob:{PLAIN}x\n"), tmp_path, verifier.secret)
    assert len(accounts) == 1


@pytest.mark.parametrize(
    ("text", "users", "message"),
    [
        (FILE, "", "users.file: expected at least one account"),
        (FILE, "bob\n", "users.file: users.passwd:1: expected name:password"),
        (FILE, "# x\nbob:{NEW}s3cret\n", "users.file: users.passwd:2: unknown password scheme"),
        (FILE + ALICE, "ALICE:{PLAIN}x\n", "users.file: the account name 'ALICE' is used twice"),
    ],
)
def test_a_mistake_in_it_is_told(
    tmp_path: Path, verifier: Verifier, text: str, users: str, message: str
) -> None:
    ours = config(tmp_path, text, users)
    with pytest.raises(ConfigError) as caught:
        accounts_of(ours, tmp_path, verifier.secret)
    assert str(caught.value).startswith(message)
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path, verifier: Verifier) -> None:
    (tmp_path / "mailauth.toml").write_text(FILE)
    with pytest.raises(ConfigError, match=r"^users\.file: .*users\.passwd does not exist; `mail"):
        accounts_of(load(tmp_path / "mailauth.toml"), tmp_path, verifier.secret)
