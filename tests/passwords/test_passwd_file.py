"""Password files, Dovecot's and Apache's: read whole or not at all, changed line by line."""

from pathlib import Path

import pytest

from mailauth.login.accounts import Role
from mailauth.login.secrets import Secret
from mailauth.passwords.passwd_file import PasswdFileError, read_accounts
from mailauth.passwords.schemes import UnknownScheme, plaintext


def secret_of(stored: str) -> Secret:
    """Take plaintext alone: what a hash is worth is tested elsewhere."""
    secret = plaintext(stored)
    if secret is None:
        raise UnknownScheme("unknown password scheme")
    return secret


def test_the_fields_of_a_line(tmp_path: Path) -> None:
    """name, password, five fields that are Dovecot's business, and extra fields."""
    file = tmp_path / "users.passwd"
    file.write_text(
        "# people\n"
        "\n"
        "mary@x.org:{PLAIN}one\n"
        "bob@x.org:{PLAIN}two:1000:1000::/home/bob:/bin/sh:role=admin alias=b@x.org"
        " app_phone={PLAIN}three nologin userdb_quota=1G\r\n"
    )
    mary, bob = read_accounts(file, secret_of)
    assert (mary.name, mary.role, mary.disabled, mary.aliases) == (
        "mary@x.org",
        Role.USER,
        False,
        (),
    )
    assert mary.matches(b"one") is True
    assert (bob.role, bob.disabled, bob.aliases) == (Role.ADMIN, True, ("b@x.org",))
    assert bob.matches(b"two") is True
    assert bob.matches(b"three") is True
    assert bob.matches(b"one") is False


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mary", "users.passwd:2: expected name:password"),
        (":x", "users.passwd:2: expected name:password"),
        ("mary:", "users.passwd:2: the password is empty"),
        ("mary:{MD4}x", "users.passwd:2: unknown password scheme"),
        ("mary:{PLAIN}x::::::role=root", 'users.passwd:2: role: expected "user" or "admin"'),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_read(tmp_path: Path, line: str, said: str) -> None:
    """All or nothing: half a file of accounts is no file of accounts."""
    file = tmp_path / "users.passwd"
    file.write_text(f"bob:{{PLAIN}}x\n{line}\n")
    with pytest.raises(PasswdFileError) as error:
        read_accounts(file, secret_of)
    assert str(error.value) == said


def test_bytes_that_are_not_text_are_named(tmp_path: Path) -> None:
    """The file is UTF-8."""
    file = tmp_path / "users.passwd"
    file.write_bytes(b"mary\xff:x\n")
    with pytest.raises(PasswdFileError, match="not UTF-8"):
        read_accounts(file, secret_of)
