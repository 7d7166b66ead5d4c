"""Checking password hashes in threads, so that no login waits for the hash of another one.

The pool has one thread fewer than there are cores, but at least one: a hash on the last core would
delay every other login (p99 from 0.8 to 5.6 ms). A client that logs in every second does not cost a
hash every second: correct passwords are cached for a while by a keyed digest. Wrong ones are never
cached.
"""

import hmac
import os
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from mailauth.login.secrets import Occasion, Secret
from mailauth.passwords.schemes import Check, plaintext, stored_hash
from mailauth.sasl.exchange import Need, ScramKeys
from mailauth.wire.pending import Pending

QUEUE_LIMIT = 256  # logins that wait for a hash; further ones are temporarily refused
BACKGROUND_LIMIT = 64  # checks of low priority that wait
REMEMBERED = 4096
REMEMBER_SECONDS = 300.0

SCRAM_NEEDS = {Need.SCRAM_SHA_1: "sha1", Need.SCRAM_SHA_256: "sha256"}


class _Job(msgspec.Struct):
    check: Check
    password: bytes
    digest: bytes
    found: Pending[bool | None]


class Verifier:
    """A bounded queue of checks for a pool of threads.

    `in_reactor` calls its argument in the reactor's thread; `monotonic` is in seconds.
    """

    def __init__(
        self,
        in_reactor: Callable[[Callable[[], None]], None],
        monotonic: Callable[[], float],
        threads: int | None = None,
    ) -> None:
        self._in_reactor = in_reactor
        self._monotonic = monotonic
        self._threads = threads or max(1, (os.cpu_count() or 2) - 1)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="password")
        self._running = 0
        self._urgent: deque[_Job] = deque()
        self._background: deque[_Job] = deque()
        self._key = secrets.token_bytes(32)
        self._remembered: OrderedDict[bytes, float] = OrderedDict()

    def close(self) -> None:
        """Stop the threads; checks that have not begun never get a result."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def secret(self, stored: str) -> Secret:
        """Make a secret from a stored password. Raises `UnknownScheme`, which does not quote it."""
        secret = plaintext(stored)
        return secret if secret is not None else HashedSecret(stored, self)

    def verify(
        self, check: Check, stored: bytes, password: bytes, occasion: Occasion
    ) -> bool | Pending[bool | None] | None:
        """Check a password; the result is `None` if too many checks are waiting.

        Checks for `Occasion.ASIDE` run only when no others wait. Only those for `Occasion.LOGIN`
        read and fill the cache of correct passwords.
        """
        digest = self._digest(stored, password)
        is_login = occasion is Occasion.LOGIN
        if is_login and self._remembers(digest):
            return True
        queue, limit = self._urgent, QUEUE_LIMIT
        if occasion is Occasion.ASIDE:
            queue, limit = self._background, BACKGROUND_LIMIT
        if len(queue) >= limit:
            return None
        job = _Job(check, password, digest if is_login else b"", Pending())
        queue.append(job)
        self._start()
        return job.found

    def _start(self) -> None:
        while self._running < self._threads and (self._urgent or self._background):
            job = self._urgent.popleft() if self._urgent else self._background.popleft()
            self._running += 1
            future = self._pool.submit(job.check, job.password)
            future.add_done_callback(
                lambda future, job=job: self._in_reactor(  # type: ignore[misc]
                    lambda: self._finished(job, None if future.exception() else future.result())
                )
            )

    def _finished(self, job: _Job, right: bool | None) -> None:
        self._running -= 1
        if right and job.digest:
            self._remembered[job.digest] = self._monotonic() + REMEMBER_SECONDS
            self._remembered.move_to_end(job.digest)
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        self._start()
        job.found.resolve(right)

    def _remembers(self, digest: bytes) -> bool:
        until = self._remembered.get(digest)
        if until is None:
            return False
        if until <= self._monotonic():
            del self._remembered[digest]
            return False
        return True

    def _digest(self, stored: bytes, password: bytes) -> bytes:
        """Make the cache key from hash and password, so that a changed hash invalidates it."""
        return hmac.digest(self._key, b"%d:%b%b" % (len(stored), stored, password), "sha256")


class HashedSecret:
    """A password of which only a hash is stored.

    It serves mechanisms that send the password and, if the hash is SCRAM keys, SCRAM.
    """

    def __init__(self, stored: str, verifier: Verifier) -> None:
        known = stored_hash(stored)
        self.scheme, self._check, self._scram = known.scheme, known.check, known.scram
        self._stored = stored.encode()
        self._verifier = verifier

    def __repr__(self) -> str:
        return f"HashedSecret({self.scheme})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HashedSecret) and hmac.compare_digest(self._stored, other._stored)

    def __hash__(self) -> int:
        return hash(self._stored)

    def matches(
        self, password: bytes, occasion: Occasion = Occasion.LOGIN
    ) -> bool | Pending[bool | None] | None:
        """Hash in a thread and compare; the result is `None` if this was not possible."""
        return self._verifier.verify(self._check, self._stored, password, occasion)

    def is_of(self, password: bytes) -> bool:
        """Hash and compare in the caller's thread, for as long as the hash takes."""
        return self._check(password)

    def serves(self, need: Need) -> bool:
        """Return whether the hash or the stored keys suffice."""
        if need in SCRAM_NEEDS:
            return SCRAM_NEEDS[need] in self._scram
        return need is not Need.SHARED_SECRET

    def shared(self) -> None:
        """Return `None`, since the password is not known."""
        return

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys | None:
        """Return the stored keys; none can be made from another hash."""
        return self._scram.get(hash_name)
