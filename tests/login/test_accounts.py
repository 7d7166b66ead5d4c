"""Accounts: found by any of their names, and costing alike whether they exist or not."""

import tracemalloc

import pytest

from mailauth.login.accounts import Account, AccountError, Accounts, AppPassword
from mailauth.login.secrets import Occasion, PlaintextSecret
from mailauth.sasl.exchange import Need, ScramKeys
from mailauth.sasl.scram import make_keys


class StoredKeys:
    """SCRAM keys for one hash, in place of a password."""

    scheme = "SCRAM-SHA-256"
    keys = make_keys(b"pencil", b"salt" * 5, 5000, "sha256")

    def matches(self, password: bytes, occasion: Occasion = Occasion.LOGIN) -> bool | None:
        """Compare."""
        return password == b"pencil"

    def serves(self, need: Need) -> bool:
        """Serve that hash and passwords."""
        return need not in (Need.SHARED_SECRET, Need.SCRAM_SHA_1)

    def shared(self) -> None:
        """Know no password."""

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys | None:
        """Return the keys."""
        return self.keys if hash_name == "sha256" else None


SCRAM = StoredKeys()


def plain(name: str, password: bytes = b"secret", *aliases: str) -> Account:
    return Account(name=name, secret=PlaintextSecret(password), aliases=aliases)


@pytest.mark.parametrize("name", ["Straße@x.example", "STRASSE@X.EXAMPLE", "Alias", "aLIAS"])
def test_an_account_is_found_by_name_and_alias_in_any_case(name: str) -> None:
    accounts = Accounts([plain("Straße@x.example", b"p", "alias")])
    found = accounts.find(name.encode())
    assert found is not None
    assert found.name == "Straße@x.example"


@pytest.mark.parametrize("name", ["jörg", "jo\u0308rg", "JO\u0308RG", "j\u00adörg", "ｊörg"])
@pytest.mark.parametrize("stored", ["jörg", "jo\u0308rg"])
def test_a_name_is_found_as_saslprep_prepares_it(stored: str, name: str) -> None:
    """RFC 4616 §2, RFC 6856 §2.2."""
    found = Accounts([plain(stored), plain("jorg")]).find(name.encode())
    assert found is not None
    assert found.name == stored


def test_a_password_may_be_prepared_by_saslprep_or_not() -> None:
    """RFC 4616 §2: on the way the same text may have become other octets."""
    account = plain("mary", "pässwörd".encode())
    assert account.matches("pa\u0308sswo\u0308rd".encode())
    assert account.matches("p\u00adässwörd".encode())
    assert not account.matches(b"passwoerd")
    assert not account.matches("\u00ad".encode())
    assert plain("mary", "\u2168".encode()).matches("\u2168".encode())
    assert Accounts([account]).is_plaintext_secret("pa\u0308sswo\u0308rd".encode())


@pytest.mark.parametrize("name", [b"", b"mary2", b"mar", b"mary\0", b"\xff", b" mary"])
def test_other_names_find_nobody(name: bytes) -> None:
    assert Accounts([plain("mary")]).find(name) is None


@pytest.mark.parametrize(
    "accounts",
    [
        [plain("mary"), plain("MARY")],
        [plain("mary"), plain("bob", b"p", "Mary")],
        [plain("bob", b"p", "m", "M")],
        [plain("bob", b"p", "Bob")],
    ],
)
def test_a_name_that_stands_twice_is_refused(accounts: list[Account]) -> None:
    with pytest.raises(AccountError, match="is used twice"):
        Accounts(accounts)


def test_nobody_has_no_right_password() -> None:
    """A name that is unknown is compared all the same, and never matches."""
    accounts = Accounts([plain("mary", b"\0")])
    assert accounts.matches(None, b"\0") is False
    assert Accounts([]).matches(None, b"\0") is False
    assert accounts.matches(accounts.find(b"mary"), b"\0") is True


def test_an_app_password_is_a_password_too() -> None:
    app = AppPassword("phone", PlaintextSecret(b"app"))
    mary = Account(name="mary", secret=PlaintextSecret(b"own"), app_passwords=(app,))
    accounts = Accounts([mary])
    assert [accounts.matches(mary, sent) for sent in (b"own", b"app", b"other")] == [
        True,
        True,
        False,
    ]
    assert accounts.is_plaintext_secret(b"app")


class Unchecked(StoredKeys):
    """A secret that cannot be checked now."""

    def matches(self, password: bytes, occasion: Occasion = Occasion.LOGIN) -> bool | None:
        """Not know."""
        return None


@pytest.mark.parametrize(
    ("secrets", "password", "found"),
    [
        ((b"", b"app"), b"app", True),
        ((b"", b"app"), b"wrong", None),
        ((b"own", b""), b"own", True),
        ((b"own", b""), b"wrong", None),
        ((b"", b"app", b"other"), b"wrong", None),
        ((b"own", b"", b"other"), b"other", True),
        ((b"own", b"app"), b"wrong", False),
        ((b"", b"app"), "w\u00adrong".encode(), None),
        ((b"", b"app"), "\u00adapp".encode(), True),
    ],
)
def test_what_could_not_be_checked_is_not_wrong(
    secrets: tuple[bytes, ...], password: bytes, found: bool | None
) -> None:
    """Overload is no wrong password; an empty one stands for a secret that cannot be checked."""
    own, *apps = (PlaintextSecret(one) if one else Unchecked() for one in secrets)
    app_passwords = tuple(AppPassword("app", app) for app in apps)
    mary = Account(name="mary", secret=own, app_passwords=app_passwords)
    assert mary.matches(password) is found


def test_a_mechanism_is_served_when_every_secret_can() -> None:
    mixed = Accounts([plain("mary"), Account(name="bob", secret=SCRAM)])
    assert mixed.serves(Need.PASSWORD)
    assert mixed.serves(Need.SCRAM_SHA_256)
    assert not mixed.serves(Need.SCRAM_SHA_1)
    assert not mixed.serves(Need.SHARED_SECRET)
    assert Accounts([plain("mary")]).serves(Need.SHARED_SECRET)


def test_an_unknown_name_has_scram_keys_that_stay_the_same() -> None:
    """RFC 5802 §9: a salt that changes would tell that the name is unknown."""
    one, other = (Accounts([plain("mary")], pepper=b"pepper") for _ in range(2))
    assert one.scram_keys(b"nobody", "sha256") == other.scram_keys(b"NOBODY", "sha256")
    assert one.scram_keys(b"nobody", "sha256") != one.scram_keys(b"anybody", "sha256")
    elsewhere = Accounts([plain("mary")], pepper=b"another server")
    assert one.scram_keys(b"nobody", "sha256") != elsewhere.scram_keys(b"nobody", "sha256")


def test_an_unknown_names_scram_keys_look_like_stored_ones() -> None:
    """The client is told salt and iterations before it proves anything (RFC 5802 §5.1)."""
    accounts = Accounts([Account(name="bob", secret=SCRAM)], pepper=b"pepper")
    stored, decoy = (accounts.scram_keys(name, "sha256") for name in (b"bob", b"nobody"))
    assert (decoy.iterations, len(decoy.salt)) == (stored.iterations, len(stored.salt))
    assert len(decoy.stored_key) == len(stored.stored_key)
    assert decoy.salt != stored.salt
    assert decoy.salt != accounts.scram_keys(b"anybody", "sha256").salt


def test_keys_that_are_derived_ahead_take_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first exchange with a known name is as quick as one with an unknown name."""
    accounts = Accounts([plain("Mary"), plain("bob"), Account(name="sue", secret=SCRAM)])
    assert len(list(accounts.derive())) == 4

    def slow(*_: object) -> ScramKeys:
        raise AssertionError("this takes a millisecond")

    monkeypatch.setattr("mailauth.login.secrets.make_keys", slow)
    for name in (b"mary", b"BOB", b"sue", b"nobody"):
        for hash_name in ("sha1", "sha256"):
            assert accounts.scram_keys(name, hash_name).iterations >= 4096


def test_a_secret_for_an_unknown_name_takes_the_work_of_one_for_a_known_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each HMAC is a microsecond or more, which would tell that there is no such name."""
    accounts = Accounts([plain("mary"), Account(name="sue", secret=SCRAM)], pepper=b"pepper")
    list(accounts.derive())
    derived: list[bytes] = []
    derive = accounts._derived

    def counted(purpose: bytes, name: bytes) -> bytes:
        derived.append(purpose)
        return derive(purpose, name)

    monkeypatch.setattr(accounts, "_derived", counted)
    work = []
    for name in (b"mary", b"nora", b"nora", b"mary"):
        accounts.shared_secret(name)
        for hash_name in ("sha1", "sha256"):
            accounts.scram_keys(name, hash_name)
        work.append(tuple(derived))
        derived.clear()
    assert len(set(work)) == 1, work


def test_names_that_are_asked_for_are_not_kept() -> None:
    """They may be 12 kB each, and come from anybody."""
    accounts = Accounts([plain("mary")], pepper=b"pepper")
    tracemalloc.start()
    try:
        for number in range(500):
            accounts.scram_keys(b"%d" % number + b"x" * 12_000, "sha256")
        assert tracemalloc.get_traced_memory()[0] < 500_000
    finally:
        tracemalloc.stop()


def test_secrets_do_not_show() -> None:
    app = AppPassword("phone", PlaintextSecret(b"app-s3cret"))
    mary = Account(name="m", secret=PlaintextSecret(b"own-s3cret"), app_passwords=(app,))
    assert "s3cret" not in repr(mary)
    assert repr(SCRAM.keys.stored_key) not in repr(SCRAM.keys)
