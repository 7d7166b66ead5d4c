"""Stored passwords of every scheme, made by other programs where there is one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from passlib.hash import sha512_crypt

from mailauth.login.secrets import PlaintextSecret, ScramSecret
from mailauth.passwords.schemes import (
    UnknownScheme,
    hash_password,
    hash_scheme,
    plaintext_or_scram,
)
from mailauth.sasl.exchange import Need
from mailauth.sasl.scram import make_keys

CRYPT_SHA512 = (  # the first vector of Drepper's specification of SHA-crypt
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBF"
    "dcbYEdFCoEOfaS35inz1"
)


@pytest.mark.parametrize(
    ("stored", "scheme", "password"),
    [
        (hash_password("correct horse"), "ARGON2ID", b"correct horse"),
        (hash_password("pässword"), "ARGON2ID", "pässword".encode()),
        (CRYPT_SHA512, "CRYPT", b"Hello world!"),
        ("{SHA512-CRYPT}" + CRYPT_SHA512, "SHA512-CRYPT", b"Hello world!"),
        (
            "{BLF-CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "BLF-CRYPT",
            b"U*U",
        ),
        ("$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "APR1", b"myPassword"),
        ("{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", "SHA", b"myPassword"),
    ],
)
def test_the_right_password_matches_and_no_other(stored: str, scheme: str, password: bytes) -> None:
    """Vectors of the schemes' authors (Apache's documentation, SHA-crypt, Openwall's bcrypt)."""
    found, check = hash_scheme(stored)
    assert found == scheme
    assert check(password)
    assert not check(password + b"x")
    assert not check(b"")
    assert not check(password + b"\0")


def test_libpass_agrees_on_crypt() -> None:
    """The system's crypt(3), called without the interpreter lock, checks another library's hash."""
    _, check = hash_scheme(sha512_crypt.using(rounds=1000).hash("secret"))
    assert check(b"secret")
    assert not check(b"Secret")


@pytest.mark.parametrize(
    "stored",
    [
        "{MD4}abc",
        "{SHA512-CRYPT}garbage",
        "garbage$$",
        "ab",
        "*",
        "!",
        "{ARGON2ID}$argon2id$v=19$m=1$x",
        "$apr1$",
        "",
    ],
)
def test_what_is_no_hash_is_refused_without_being_quoted(stored: str) -> None:
    """A message goes to a terminal and a log; a hash does not."""
    with pytest.raises(UnknownScheme) as refusal:
        hash_scheme(stored)
    assert len(stored) < 7 or stored not in str(refusal.value)


def test_plaintext_serves_everything() -> None:
    """`{PLAIN}` is for test accounts."""
    secret = plaintext_or_scram("{PLAIN}secret")
    assert isinstance(secret, PlaintextSecret)
    assert secret.matches(b"secret")
    assert all(secret.serves(need) for need in Need)
    assert "secret" not in repr(secret)


def test_scram_keys_serve_passwords_and_their_own_hash() -> None:
    """Dovecot's `{SCRAM-SHA-256}`: iterations, salt, StoredKey, ServerKey."""
    keys = make_keys(b"pencil", b"a salt of 16 oct", 4096, "sha256")
    fields = (keys.salt, keys.stored_key, keys.server_key)
    text = ",".join(["4096", *(base64.b64encode(field).decode() for field in fields)])
    secret = plaintext_or_scram("{SCRAM-SHA-256}" + text)
    assert isinstance(secret, ScramSecret)
    assert secret.scram_keys("sha256", b"other salt") == keys
    assert secret.scram_keys("sha1", b"") is None
    assert secret.matches(b"pencil")
    assert not secret.matches(b"pen")
    assert secret.serves(Need.PASSWORD)
    assert secret.serves(Need.SCRAM_SHA_256)
    assert not secret.serves(Need.SCRAM_SHA_1)
    assert not secret.serves(Need.SHARED_SECRET)


@given(st.text(max_size=80))
def test_whatever_is_stored_is_a_scheme_or_refused(stored: str) -> None:
    """A password file may hold anything."""
    for parse in (hash_scheme, plaintext_or_scram):
        try:
            parse(stored)
        except UnknownScheme:
            continue


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_bcrypt_is_one_scheme_under_all_its_prefixes(prefix: str) -> None:
    """Apache writes `$2y$`, others `$2b$` or the older `$2a$`."""
    _, check = hash_scheme(prefix + "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
    assert check(b"U*U")
