"""The demo's password is for this machine alone, however it is stored."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.config import ConfigError, accounts_of, load
from mailauth.config.demo_password import DemoPassword
from mailauth.login.accounts import DEMO_PASSWORD, Accounts
from mailauth.passwords.making import SCHEMES
from mailauth.passwords.verifier import HashedSecret, Verifier

STORED = {name: scheme(DEMO_PASSWORD) for name, scheme in SCHEMES.items()} | {
    "ssha": "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
    "md5-crypt": "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
}
OTHER = SCHEMES["bcrypt"]("another horse")
BEYOND = '[users]\nfile = "users.passwd"\n[listen]\naddress = "0.0.0.0"\n'
AT_HOME = BEYOND.replace("0.0.0.0", "127.0.0.1")


@pytest.fixture
def verifier() -> Iterator[Verifier]:
    """What makes secrets of hashes."""
    verifier = Verifier(lambda call: call(), time.monotonic)
    yield verifier
    verifier.close()


def accounts(home: Path, verifier: Verifier, users: str, text: str = BEYOND) -> Accounts:
    """The accounts of a users file with these lines."""
    (home / "mailauth.toml").write_text(text)
    (home / "users.passwd").write_text(users)
    return accounts_of(load(home / "mailauth.toml"), home, verifier.secret)


def check(home: Path, known: Accounts, demo: DemoPassword | None = None) -> None:
    (demo or DemoPassword()).check(known, load(home / "mailauth.toml").listener)


@pytest.mark.parametrize("stored", STORED.values(), ids=list(STORED))
@pytest.mark.parametrize("line", ["bob:{}\n", "bob:{{PLAIN}}x::::::app_phone={}\n"])
def test_it_keeps_the_server_at_home(
    tmp_path: Path, verifier: Verifier, stored: str, line: str
) -> None:
    """As the account's own password, or as one for an application."""
    users = f"sue:{OTHER}\n" + line.format(stored)
    known = accounts(tmp_path, verifier, users)
    with pytest.raises(ConfigError) as caught:
        check(tmp_path, known)
    assert str(caught.value) == (
        'accounts: "bob" has the demo password, expected only loopback addresses to listen on,'
        ' got "0.0.0.0"'
    )
    check(tmp_path, accounts(tmp_path, verifier, users, AT_HOME))
    check(tmp_path, accounts(tmp_path, verifier, f"sue:{OTHER}\n"))


def test_a_hash_is_tried_once_and_none_where_nobody_else_can_come(
    tmp_path: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload tries what is new; what is gone is forgotten."""
    tried: list[int] = []
    is_of = HashedSecret.is_of

    def counted(secret: HashedSecret, password: bytes) -> bool:
        tried.append(threading.get_ident())
        return is_of(secret, password)

    monkeypatch.setattr(HashedSecret, "is_of", counted)
    new = SCHEMES["scram-sha-256"]("a third horse")
    demo = DemoPassword()
    check(tmp_path, accounts(tmp_path, verifier, f"sue:{OTHER}\n", AT_HOME), demo)
    assert tried == []
    for users, more in (
        (f"sue:{OTHER}\nsam:{OTHER}\n", 1),
        (f"sue:{OTHER}\n", 0),
        (f"sue:{OTHER}\nbob:{new}\n", 1),
        (f"bob:{new}\n", 0),
        (f"sue:{OTHER}\n", 1),
    ):
        tried.clear()
        check(tmp_path, accounts(tmp_path, verifier, users), demo)
        assert len(tried) == more, users


def test_what_has_it_is_found_again(tmp_path: Path, verifier: Verifier) -> None:
    """It is not remembered as another password."""
    demo = DemoPassword()
    known = accounts(tmp_path, verifier, f"bob:{STORED['ssha']}\n")
    for _ in range(2):
        with pytest.raises(ConfigError):
            check(tmp_path, known, demo)


def test_a_server_that_ends_tries_no_more(
    tmp_path: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = accounts(tmp_path, verifier, f"sue:{OTHER}\n")
    demo = DemoPassword()
    demo.close()
    monkeypatch.delattr(HashedSecret, "is_of")
    check(tmp_path, known, demo)
