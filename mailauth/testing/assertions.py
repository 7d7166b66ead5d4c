"""Queries, waits and assertions about a server's record."""

from collections.abc import Callable

from mailauth.login.event import Kind, LoginEvent
from mailauth.testing.recorded import Wanted, is_login, protocol_named
from mailauth.testing.server_record import ServerRecord

TIMEOUT = 10.0  # seconds to wait for an expected record

Matches = Callable[[LoginEvent], bool]


class Assertions:
    """Queries about a record. Names are of accounts, or the part before their `@`."""

    _record: ServerRecord

    def _meant_by(self, user: str) -> str | None:
        """Return the account that a name means, or `None` if there is none."""
        raise NotImplementedError

    def logins(
        self, user: str | None = None, protocol: str | None = None, secure: bool | None = None
    ) -> list[LoginEvent]:
        """Return the successful logins. A login whose client was told OK is always included."""
        wanted = self._wanted(user, protocol, secure)
        return [each for each in self._recorded() if is_login(each) and wanted.wants(each)]

    def attempts(
        self, user: str | None = None, protocol: str | None = None, secure: bool | None = None
    ) -> list[LoginEvent]:
        """Return all attempts to log in, including the successful ones."""
        wanted = self._wanted(user, protocol, secure)
        return [each for each in self._recorded() if each.kind is Kind.LOGIN and wanted.wants(each)]

    def connections(self, protocol: str | None = None) -> list[LoginEvent]:
        """Return the connections that ended without a login attempt, with their `reason`."""
        wanted = self._wanted(None, protocol, None)
        return [
            each for each in self._recorded() if each.kind is Kind.CONNECTION and wanted.wants(each)
        ]

    def records(self) -> list[LoginEvent]:
        """Return everything that was recorded, not only logins."""
        return list(self._recorded())

    def wait_for_record(self, timeout: float) -> bool:
        """Wait until anything is recorded; return whether something was."""
        return self._record.read_on(timeout)

    def login(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Wait for the only successful login that matches, and return it; fail if there is none.

        A second login that matches is a failure, too.
        """
        __tracebackhide__ = True
        event = self.wait_for_login(user, protocol, secure, timeout)
        return self._only(event, user, protocol, secure)

    def wait_for_login(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Wait for the first successful login that matches, and return it."""
        __tracebackhide__ = True
        return self._record.awaited(*self._a_login(user, protocol, secure), timeout)

    def wait_for_attempt(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Wait for the first attempt that matches, whatever its result, and return it."""
        __tracebackhide__ = True
        return self._record.awaited(*self._an_attempt(user, protocol, secure), timeout)

    def wait_for_connection(
        self, reason: str = "", protocol: str | None = None, timeout: float = TIMEOUT
    ) -> LoginEvent:
        """Return the first connection that ended without an attempt and whose reason contains this.

        For a client that rejects a certificate, use `wait_for_connection("tls-handshake-failed")`.
        """
        __tracebackhide__ = True
        return self._record.awaited(*self._a_connection(reason, protocol), timeout)

    # The same for async tests, in which the client is a task of the same event loop.

    async def wait_for_record_async(self, timeout: float) -> bool:
        """Wait until anything is recorded, as `wait_for_record` does."""
        return await self._record.read_on_async(timeout)

    async def login_async(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Return the only successful login that matches, as `login` does."""
        __tracebackhide__ = True
        event = await self.wait_for_login_async(user, protocol, secure, timeout)
        return self._only(event, user, protocol, secure)

    async def wait_for_login_async(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Return the first successful login that matches, as `wait_for_login` does."""
        __tracebackhide__ = True
        wanted = self._a_login(user, protocol, secure)
        return await self._record.awaited_async(*wanted, timeout)

    async def wait_for_attempt_async(
        self,
        user: str | None = None,
        protocol: str | None = None,
        secure: bool | None = None,
        timeout: float = TIMEOUT,
    ) -> LoginEvent:
        """Return the first attempt that matches, as `wait_for_attempt` does."""
        __tracebackhide__ = True
        wanted = self._an_attempt(user, protocol, secure)
        return await self._record.awaited_async(*wanted, timeout)

    async def wait_for_connection_async(
        self, reason: str = "", protocol: str | None = None, timeout: float = TIMEOUT
    ) -> LoginEvent:
        """Return the first connection that ended like this, as `wait_for_connection` does."""
        __tracebackhide__ = True
        wanted = self._a_connection(reason, protocol)
        return await self._record.awaited_async(*wanted, timeout)

    # Assertions. They fail if no client did anything, since that proves nothing.

    def assert_all_secure(self, *, allow_empty: bool = False) -> None:
        """Fail if a successful login was not protected by TLS, or if nobody attempted to log in."""
        __tracebackhide__ = True
        if any(not each.secure for each in self.logins()):
            self._record.fail("a login was not protected by TLS")
        if not (allow_empty or self.attempts()):
            self._record.fail("nobody attempted to log in, so there is nothing to judge")

    def assert_no_exposure(self, *, allow_empty: bool = False) -> None:
        """Fail if an account's real password was sent in the clear, whatever the reply was.

        It also fails if no client connected.
        """
        __tracebackhide__ = True
        if any(each.exposed for each in self._recorded()):
            self._record.fail("a password crossed the wire in the clear")
        if not (allow_empty or self.attempts() or self.connections()):
            self._record.fail("no client connected, so there is nothing to judge")

    # Internals.

    def _recorded(self) -> list[LoginEvent]:
        """Return everything that was recorded so far."""
        return self._record.events()

    def _only(
        self, event: LoginEvent, user: str | None, protocol: str | None, secure: bool | None
    ) -> LoginEvent:
        __tracebackhide__ = True
        logins = self.logins(user, protocol, secure)
        if len(logins) > 1:
            self._record.fail(f"{len(logins)} logins, expected exactly one")
        return event

    def _a_login(
        self, user: str | None, protocol: str | None, secure: bool | None
    ) -> tuple[Matches, str]:
        wanted = self._wanted(user, protocol, secure)
        return lambda each: is_login(each) and wanted.wants(each), str(wanted)

    def _an_attempt(
        self, user: str | None, protocol: str | None, secure: bool | None
    ) -> tuple[Matches, str]:
        wanted = self._wanted(user, protocol, secure)
        return (
            lambda each: each.kind is Kind.LOGIN and wanted.wants(each),
            f"attempted {wanted}",
        )

    def _a_connection(self, reason: str, protocol: str | None) -> tuple[Matches, str]:
        wanted = self._wanted(None, protocol, None)
        return (
            lambda each: (
                each.kind is Kind.CONNECTION
                and reason in (each.reason or "")
                and wanted.wants(each)
            ),
            f'connection that ended without an attempt, with "{reason}" in its reason',
        )

    def _wanted(self, user: str | None, protocol: str | None, secure: bool | None) -> Wanted:
        """Describe what is wanted; a name means the account that `user` finds, if there is one."""
        return Wanted(
            user=user,
            account=None if user is None else self._meant_by(user),
            protocol=None if protocol is None else protocol_named(protocol),
            secure=secure,
        )
