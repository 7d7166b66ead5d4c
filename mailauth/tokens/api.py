"""API tokens that survive a restart: each has a name and a scope, and only its hash is stored.

They are in `.mailauth/api-tokens` of the home, one line of JSON each. The command line writes the
file; a server checks it whenever a client sends a token, so a change takes effect at once. A token
has 256 random bits, so a plain SHA-256 of it cannot be reversed by search.
"""

import contextlib
import enum
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from mailauth.home.replacing import edited_alone, replace_file

PREFIX = "mailauth_"  # by which programs that search for leaked secrets recognize a token
FILE_NAME = "api-tokens"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Scope(enum.Enum):
    """What a token permits; each scope includes those before it."""

    METRICS = "metrics"
    READ = "read"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Return whether this scope includes the needed one."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {scope: rank for rank, scope in enumerate(Scope)}


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is stored, without the token itself."""

    name: str
    scope: Scope
    created: datetime
    sha256: str


class ApiTokensError(Exception):
    """A change is not possible, or the file is not valid; the message says why."""


class ApiTokens:
    """The tokens of a home, whose state directory is `state`."""

    def __init__(self, state: Path) -> None:
        self._file = state / FILE_NAME
        self._tokens: tuple[StoredToken, ...] = ()
        self._as_of: tuple[int, int, int] | None = None

    def scope_of(self, token: bytes) -> Scope | None:
        """Return the scope of a token, or `None` if it is unknown.

        Raises `ApiTokensError`, and `OSError` if the file cannot be read.
        """
        digest = hashlib.sha256(token).hexdigest()
        found = None
        for known in self.all():
            if hmac.compare_digest(known.sha256, digest):
                found = known.scope
        return found

    def all(self) -> tuple[StoredToken, ...]:
        """Return all current tokens. Raises `ApiTokensError` and `OSError`.

        It raises once for each state of an invalid file, and then treats it as empty.
        """
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return ()
        as_of = (status.st_ino, status.st_size, status.st_mtime_ns)
        if as_of != self._as_of:
            self._as_of, self._tokens = as_of, ()
            self._tokens = self._read()
        return self._tokens

    def create(self, name: str, scope: Scope, now: datetime) -> str:
        """Create a token and return it; it is not stored. Raises `ApiTokensError` and `OSError`."""
        if not _NAME.fullmatch(name):
            raise ApiTokensError(
                "a name has at most 64 letters, digits and . _ @ -, and begins with a letter or"
                " digit"
            )
        token = PREFIX + secrets.token_urlsafe(32)
        with self._changing() as tokens:
            if any(known.name == name for known in tokens):
                raise ApiTokensError(f"there is already a token {name}")
            digest = hashlib.sha256(token.encode()).hexdigest()
            tokens.append(StoredToken(name=name, scope=scope, created=now, sha256=digest))
        return token

    def revoke(self, name: str) -> None:
        """Revoke a token at once. Raises `ApiTokensError` and `OSError`."""
        with self._changing() as tokens:
            kept = [known for known in tokens if known.name != name]
            if kept == tokens:
                raise ApiTokensError(f"there is no token {name}")
            tokens[:] = kept

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[StoredToken]]:
        """Yield the tokens to change, and then write all of them; other editors wait."""
        self._make_directory()
        with edited_alone(self._file, ApiTokensError):
            tokens = list(self._read()) if self._file.exists() else []
            yield tokens
            replace_file(self._file, msgspec.json.Encoder().encode_lines(tokens), self._give)

    def _make_directory(self) -> None:
        """Create the state directory if it is missing, with the owner of the home."""
        state = self._file.parent
        try:
            state.mkdir(mode=0o700)
        except FileExistsError:
            return
        if os.geteuid() == 0:
            owner = state.parent.stat()
            os.chown(state, owner.st_uid, owner.st_gid)

    def _read(self) -> tuple[StoredToken, ...]:
        try:
            return tuple(msgspec.json.Decoder(StoredToken).decode_lines(self._file.read_bytes()))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ApiTokensError(f"{self._file} is not valid") from None

    def _give(self, descriptor: int) -> None:
        """Give the file to the owner of its directory, as whom the server runs."""
        if os.geteuid() == 0:
            owner = self._file.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
