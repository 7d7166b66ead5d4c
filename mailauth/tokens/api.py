"""The tokens for the API that outlast a restart: each has a name and a scope, kept by its hash.

They are in `.mailauth/api-tokens` of the home, a line of JSON for each. The command line writes the
file; a server looks at it whenever somebody brings a token, so that a change counts at once.
A token has 256 random bits: a plain SHA-256 of it cannot be searched for.
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

from mailauth.home.file_lock import LockHeld, take

PREFIX = "mailauth_"  # by which programs that look for leaked secrets know one
FILE_NAME = "api-tokens"
PATIENCE = 10.0  # seconds for another command that edits the file

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


class Scope(enum.Enum):
    """What a token is good for; each does what those before it do, too."""

    METRICS = "metrics"
    READ = "read"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Say whether a token of this scope does for what needs another one."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {scope: rank for rank, scope in enumerate(Scope)}


class StoredToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token as it is kept: all but the token."""

    name: str
    scope: Scope
    created: datetime
    sha256: str


class ApiTokensError(Exception):
    """A change is not possible, or the file cannot be understood; the message says why."""


class ApiTokens:
    """The tokens of one home, whose state directory is `state`."""

    def __init__(self, state: Path) -> None:
        self._file = state / FILE_NAME
        self._tokens: tuple[StoredToken, ...] = ()
        self._as_of: tuple[int, int, int] | None = None

    def scope_of(self, token: bytes) -> Scope | None:
        """Return what a token is good for; `None` for one that is not known.

        Raises `ApiTokensError`, and `OSError` where the file cannot be read.
        """
        digest = hashlib.sha256(token).hexdigest()
        found = None
        for known in self.all():
            if hmac.compare_digest(known.sha256, digest):
                found = known.scope
        return found

    def all(self) -> tuple[StoredToken, ...]:
        """Return all tokens as they are now; raises `ApiTokensError`, `OSError`.

        It raises once for a file as it is, which then has none.
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
        """Make a token and return it: it is kept nowhere. Raises `ApiTokensError`, `OSError`."""
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
        """Make a token worthless from now on; raises `ApiTokensError`, `OSError`."""
        with self._changing() as tokens:
            kept = [known for known in tokens if known.name != name]
            if kept == tokens:
                raise ApiTokensError(f"there is no token {name}")
            tokens[:] = kept

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[StoredToken]]:
        """Give the tokens to be changed, and then write them all at once; others wait."""
        self._make_directory()
        directory = os.open(self._file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            try:
                take(directory, PATIENCE)
            except LockHeld:
                raise ApiTokensError(
                    f"{self._file}: another command has been editing the file for {PATIENCE:.0f} s"
                ) from None
            tokens = list(self._read()) if self._file.exists() else []
            yield tokens
            self._write(tokens)
            os.fsync(directory)
        finally:
            os.close(directory)

    def _make_directory(self) -> None:
        """Make the state directory where it is missing, for whom the home belongs to."""
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

    def _write(self, tokens: list[StoredToken]) -> None:
        temporary = self._file.with_name(f".{FILE_NAME}.{secrets.token_hex(8)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.Encoder().encode_lines(tokens))
                file.flush()
                if os.geteuid() == 0:  # the server runs as whom its directory belongs to
                    owner = self._file.parent.stat()
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                os.fsync(file.fileno())
            temporary.replace(self._file)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
