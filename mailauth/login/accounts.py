"""Accounts: who can log in, found by name or alias in any letter case."""

import enum
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from mailauth.login.secrets import Occasion, PlaintextSecret, Secret
from mailauth.sasl import MECHANISMS
from mailauth.sasl.exchange import Need, ScramKeys
from mailauth.sasl.saslprep import Prepare, prepared
from mailauth.sasl.scram import MINIMUM_ITERATIONS
from mailauth.wire.pending import Pending, then

DEMO_PASSWORD = "secret"
_DERIVED_AHEAD = 1000  # accounts; of others, the first exchange takes a millisecond longer
_HASH_NAMES = ("sha1", "sha256")


Match = bool | Pending[bool | None] | None  # None: it could not be checked now


class Role(enum.Enum):
    """What an account may do in the console."""

    USER = "user"
    ADMIN = "admin"


class AppPassword(msgspec.Struct, frozen=True):
    """An additional password of an account, for one application."""

    label: str
    secret: Secret


class Account(msgspec.Struct, frozen=True):
    """Who can log in; every record has the canonical name."""

    name: str
    secret: Secret
    aliases: tuple[str, ...] = ()
    role: Role = Role.USER
    disabled: bool = False
    app_passwords: tuple[AppPassword, ...] = ()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Its password and its app passwords."""
        return (self.secret, *(app.secret for app in self.app_passwords))

    def matches(
        self,
        password: bytes,
        occasion: Occasion = Occasion.LOGIN,
        prepare: Prepare = prepared,
    ) -> Match:
        """Return whether it is the account's password or one of its app passwords.

        It is compared as it was sent and as prepared by SASLprep (RFC 4616 §2, RFC 6856 §2.2).
        """
        forms = dict.fromkeys((password, prepare(password)))
        return _any_matches([(secret, form) for form in forms for secret in self.secrets], occasion)


def _any_matches(checks: list[tuple[Secret, bytes]], occasion: Occasion) -> Match:
    """Return whether any matches; `None` if none does and one could not be checked."""
    (secret, password), rest = checks[0], checks[1:]
    if not rest:
        return secret.matches(password, occasion)

    def otherwise(matched: bool | None) -> Match:
        if matched:
            return True
        found = _any_matches(rest, occasion)
        return found if matched is False else then(found, lambda other: other or None)

    return then(secret.matches(password, occasion), otherwise)


class AccountError(ValueError):
    """Accounts conflict with each other; the message names them."""


class Accounts:
    """All accounts; also the `Credentials` of challenge-response mechanisms.

    `pepper` is this server's secret, from which the salts and decoys of unknown names are derived.
    Raises `AccountError` for a duplicate name. A reload replaces the whole object.
    """

    def __init__(self, accounts: Iterable[Account], pepper: bytes = b"") -> None:
        self._accounts = tuple(accounts)
        self._pepper = pepper
        self._by_name: dict[str, Account] = {}
        for account in self._accounts:
            for name in (account.name, *account.aliases):
                key = name.casefold()
                if key in self._by_name:
                    raise AccountError(f"the account name {name!r} is used twice")
                self._by_name[key] = account
        for key, account in tuple(self._by_name.items()):
            self._by_name.setdefault(prepared(key.encode()).decode("utf-8"), account)
        self._domains = frozenset(name.rpartition("@")[2] for name in self._by_name if "@" in name)
        self._plaintext = frozenset(
            secret.password
            for account in self._accounts
            for secret in account.secrets
            if isinstance(secret, PlaintextSecret)
        )
        self._decoy = self._most_common_secret()
        self.nobody = Account(name="", secret=self._decoy)  # what an unknown name is compared with
        self._served = frozenset(
            need for need in Need if all(account.secret.serves(need) for account in self._accounts)
        )
        self.mechanisms = tuple(  # that all of these can use, in order of preference
            name for name, mechanism in MECHANISMS.items() if mechanism.need in self._served
        )

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)

    def find(self, name: bytes, prepare: Prepare = prepared) -> Account | None:
        """Find an account by its name or an alias, if necessary as prepared by SASLprep.

        Bytes that are not UTF-8 name nobody.
        """
        try:
            found = self._by_name.get(name.decode("utf-8").casefold())
        except UnicodeDecodeError:
            return None
        if found is None and (form := prepare(name)) != name:
            found = self._by_name.get(form.decode("utf-8").casefold())
        return found

    def meant_by(self, name: str) -> Account | None:
        """Find an account as people name it; the part before the @ suffices if it is unique."""
        found = self.find(name.encode("utf-8", "surrogatepass"))
        if found is not None:
            return found
        local = name.casefold()
        alike = [each for each in self if each.name.partition("@")[0].casefold() == local]
        return alike[0] if len(alike) == 1 else None

    def changed(self, account: Account) -> "Accounts":
        """Return these accounts with `account` instead of the one of the same name."""
        return Accounts(
            (account if known.name == account.name else known for known in self), self._pepper
        )

    def has_domain(self, domain: str) -> bool:
        """Return whether an account's name or alias is in this domain, in any letter case."""
        return domain.casefold() in self._domains

    def matches(
        self, account: Account | None, password: bytes, prepare: Prepare = prepared
    ) -> Match:
        """Check a password; an unknown name costs a real check, and never matches.

        If the client will be refused anyway, correct passwords cost as much as wrong ones.
        """
        if account is None:
            refused = self.nobody.matches(password, Occasion.REFUSAL, prepare)
            return then(refused, lambda matched: matched and False)
        occasion = Occasion.REFUSAL if account.disabled else Occasion.LOGIN
        return account.matches(password, occasion, prepare)

    def serves(self, need: Need) -> bool:
        """Return whether every account's stored secret can serve mechanisms with this need."""
        return need in self._served

    def is_plaintext_secret(self, text: bytes, prepare: Prepare = prepared) -> bool:
        """Return whether a name is in fact a password, entered into the wrong field."""
        return text in self._plaintext or prepare(text) in self._plaintext

    # Credentials. What is looked up for a known name is computed for an unknown one too, and the
    # reverse: otherwise the time would reveal whether the account exists.

    def shared_secret(self, authcid: bytes) -> bytes:
        """Return the account's password, or a decoy."""
        decoy = self._derived(b"shared", authcid).hex().encode()  # ASCII, as most passwords are
        account = self.find(authcid)
        shared = account.secret.shared() if account is not None else None
        return decoy if shared is None else shared

    def scram_keys(self, authcid: bytes, hash_name: str) -> ScramKeys:
        """Return the account's SCRAM keys, or a decoy that looks like most accounts' keys."""
        name = authcid.lower()
        decoy = self._decoy_of(name, hash_name)
        account = self.find(name)
        salted = name if account is None else account.name.encode()
        salt = self._derived(hash_name.encode(), salted)[:16]
        keys = account.secret.scram_keys(hash_name, salt) if account is not None else None
        return decoy if keys is None else keys

    def derive(self) -> Iterator[None]:
        """Make the keys of accounts stored in plaintext, one per step, at a millisecond each.

        After that, the first exchange takes no longer for a known name than for an unknown one.
        """
        kept_plain = [acc for acc in self._accounts if acc.secret.shared() is not None]
        for account in kept_plain if len(kept_plain) <= _DERIVED_AHEAD else ():
            for hash_name in _HASH_NAMES:
                self.scram_keys(account.name.encode(), hash_name)
                yield

    def _decoy_of(self, name: bytes, hash_name: str) -> ScramKeys:
        salt = self._derived(hash_name.encode(), name)
        model = None
        if self._decoy.shared() is None:
            model = self._decoy.scram_keys(hash_name, salt[:16])
        size = hashlib.new(hash_name).digest_size
        return ScramKeys(
            salt=salt[:16] if model is None else hashlib.shake_256(salt).digest(len(model.salt)),
            iterations=MINIMUM_ITERATIONS if model is None else model.iterations,
            stored_key=self._derived(b"stored", name)[:size],
            server_key=self._derived(b"server", name)[:size],
        )

    def _derived(self, purpose: bytes, name: bytes) -> bytes:
        return hmac.digest(self._pepper, purpose + b"\0" + name, "sha256")

    def _most_common_secret(self) -> Secret:
        """Return a secret of the most common scheme, with which unknown names are compared."""
        schemes = Counter(account.secret.scheme for account in self._accounts)
        for scheme, _ in schemes.most_common(1):
            return next(acc.secret for acc in self._accounts if acc.secret.scheme == scheme)
        return PlaintextSecret(b"\0")
