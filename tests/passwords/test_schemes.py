"""Stored passwords of every scheme, made by other programs where there is one."""

import base64
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.secrets import PlaintextSecret
from mailauth.passwords.making import SCHEMES, CannotStore
from mailauth.passwords.schemes import UnknownScheme, plaintext, stored_hash
from mailauth.passwords.verifier import HashedSecret, Verifier
from mailauth.sasl.exchange import Need
from mailauth.sasl.scram import make_keys

CRYPT_SHA512 = (  # the first vector of Drepper's specification of SHA-crypt
    "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBF"
    "dcbYEdFCoEOfaS35inz1"
)


@pytest.mark.parametrize(
    ("stored", "scheme", "password"),
    [
        (CRYPT_SHA512, "CRYPT", b"Hello world!"),
        ("{SHA512-CRYPT}" + CRYPT_SHA512, "SHA512-CRYPT", b"Hello world!"),
        (
            "{BLF-CRYPT}$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "BLF-CRYPT",
            b"U*U",
        ),
        ("{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", "SHA", b"myPassword"),
        ("{SSHA}GASWI3eZrE0Y9VP/E9YOApANndIJ4JGA", "SSHA", b"myPassword"),
    ],
)
def test_the_right_password_matches_and_no_other(stored: str, scheme: str, password: bytes) -> None:
    """Vectors of Apache's documentation, SHA-crypt, Openwall's bcrypt and doveadm pw."""
    found = stored_hash(stored)
    assert found.scheme == scheme
    assert found.check(password)
    assert not found.check(password + b"x")
    assert not found.check(b"")
    assert not found.check(password + b"\0")


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
        "$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/",
        "{SHA}VBPuJHI7uixaa6LQGWx4s+5G",
        "{SHA}GASWI3eZrE0Y9VP/E9YOApANndIJ4JGA",
        "{SSHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=",
        "{SSHA}no base64",
        "",
        "{SCRAM-SHA-256}4096,c2FsdA==,AAAA,AAAA",
        "{SCRAM-SHA-1}0,c2FsdA==,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "{SCRAM-SHA-1}4096,,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ],
)
def test_what_is_no_hash_is_refused_without_being_quoted(stored: str) -> None:
    """A message goes to a terminal and a log; a hash does not."""
    with pytest.raises(UnknownScheme) as refusal:
        stored_hash(stored)
    assert len(stored) < 7 or stored not in str(refusal.value)


def test_plaintext_serves_everything() -> None:
    """`{PLAIN}` is for test accounts."""
    secret = plaintext("{PLAIN}secret")
    assert isinstance(secret, PlaintextSecret)
    assert secret.matches(b"secret")
    assert all(secret.serves(need) for need in Need)
    assert "secret" not in repr(secret)


def test_scram_keys_serve_passwords_and_their_own_hash() -> None:
    """Dovecot's `{SCRAM-SHA-256}`: iterations, salt, StoredKey, ServerKey."""
    keys = make_keys(b"pencil", b"a salt of 16 oct", 4096, "sha256")
    fields = (keys.salt, keys.stored_key, keys.server_key)
    text = ",".join(["4096", *(base64.b64encode(field).decode() for field in fields)])
    stored = "{SCRAM-SHA-256}" + text
    check = stored_hash(stored).check
    assert check(b"pencil")
    assert not check(b"pen")
    secret = HashedSecret(stored, Verifier(lambda call: call(), lambda: 0.0))
    assert secret.scheme == "SCRAM-SHA-256"
    assert secret.scram_keys("sha256", b"other salt") == keys
    assert secret.scram_keys("sha1", b"") is None
    assert secret.serves(Need.PASSWORD)
    assert secret.serves(Need.SCRAM_SHA_256)
    assert not secret.serves(Need.SCRAM_SHA_1)
    assert not secret.serves(Need.SHARED_SECRET)


@given(st.text(max_size=80))
def test_whatever_is_stored_is_a_scheme_or_refused(stored: str) -> None:
    """A password file may hold anything."""
    for parse in (stored_hash, plaintext):
        try:
            parse(stored)
        except UnknownScheme:
            continue


@pytest.mark.parametrize("prefix", ["$2a$", "$2b$", "$2y$"])
def test_bcrypt_is_one_scheme_under_all_its_prefixes(prefix: str) -> None:
    """Apache writes `$2y$`, others `$2b$` or the older `$2a$`."""
    stored = stored_hash(prefix + "05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
    assert stored.check(b"U*U")


@pytest.mark.parametrize("scheme", sorted(set(SCHEMES) - {"plain"}))
@pytest.mark.parametrize("password", ["correct horse", "pässword: x", "x" * 72])
def test_what_is_made_can_be_checked(scheme: str, password: str) -> None:
    """And is another text each time."""
    stored = SCHEMES[scheme](password)
    assert stored != SCHEMES[scheme](password)
    assert password not in stored
    check = stored_hash(stored).check
    assert check(password.encode())
    assert not check(password.encode()[:-1])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_dovecot_takes_what_is_made(scheme: str) -> None:
    """The file is Dovecot's format."""
    if shutil.which("doveadm") is None:
        pytest.skip("doveadm is not installed")
    stored = SCHEMES[scheme]("correct horse")
    command = ["doveadm", "-c", "/dev/null", "pw", "-t", stored, "-p", "correct horse"]
    tested = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Unknown scheme" in tested.stdout + tested.stderr:
        pytest.skip(f"this Dovecot has no {scheme}")
    assert tested.returncode == 0, tested.stderr


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-1", "SCRAM-SHA-256"])
def test_scram_keys_of_another_program_are_taken(mechanism: str) -> None:
    """GNU SASL's `gsasl --mkpasswd` writes them as Dovecot does."""
    if shutil.which("gsasl") is None:
        pytest.skip("gsasl is not installed")
    command = ["gsasl", "--mkpasswd", "--mechanism", mechanism, "--password", "pencil"]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    found = stored_hash(made.stdout.strip())
    assert found.scheme == mechanism
    assert found.check(b"pencil")
    assert not found.check(b"pen")


@pytest.mark.parametrize(
    ("scheme", "password"),
    [
        ("bcrypt", "x" * 73),
        ("plain", "a:b"),
        ("plain", " a"),
        ("plain", "a\nb"),
        ("scram-sha-256", "a\u0007b"),
        ("sha512-crypt", "x" * 10_000),
        ("sha512-crypt", "a\0b"),
    ],
)
def test_what_a_scheme_would_change_is_refused(scheme: str, password: str) -> None:
    """A password of which something does not count, or that would break the file."""
    with pytest.raises(CannotStore):
        SCHEMES[scheme](password)
