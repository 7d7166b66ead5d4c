"""One connection's way to a login: an attempt is decided, recorded, and only then answered.

Every login, by whatever protocol and mechanism, ends in `_decide`. The recorder has written the
attempt before an `Outcome` exists, so no protocol can tell a client that it is logged in without a
line on disk.
"""

import enum
from collections.abc import Callable
from typing import Protocol as Interface

import msgspec

from mailauth.login.accounts import Account, Accounts
from mailauth.login.blocking import Blocking
from mailauth.login.event import Attempt, Kind, LoginEvent, Protocol, Result
from mailauth.login.hop import CLEARTEXT, Hop, TlsFacts, handshake_completed
from mailauth.login.policy import Cleartext, Policy
from mailauth.login.shown import MASK, shown
from mailauth.sasl import (
    MECHANISMS,
    Claim,
    Exchange,
    ExchangeContext,
    MalformedResponse,
    PasswordClaim,
)
from mailauth.wire.pending import Pending, then

MAX_FAILURES = 10  # on one connection; after that the server ends it


class Answer(enum.Enum):
    """What a client is told: one row of the reply table, rendered by each protocol.

    Blocked and disabled are no rows of their own: they look like bad credentials by construction.
    """

    SUCCESS = enum.auto()
    BAD_CREDENTIALS = enum.auto()
    DENIED = enum.auto()
    CLEARTEXT_REFUSED = enum.auto()
    MECHANISM_UNKNOWN = enum.auto()
    MALFORMED = enum.auto()
    CANCELLED = enum.auto()
    LINE_TOO_LONG = enum.auto()
    ALREADY_AUTHENTICATED = enum.auto()
    MAILDROP_LOCKED = enum.auto()
    UNAVAILABLE = enum.auto()


class Challenge(msgspec.Struct, frozen=True, gc=False):
    """The mechanism's next challenge, not yet encoded for the protocol."""

    data: bytes


class Outcome(msgspec.Struct, frozen=True):
    """The end of an attempt, already recorded. `account` is set for a success alone."""

    answer: Answer
    account: Account | None = None


Step = Challenge | Outcome | Pending[Outcome]


class Recorder(Interface):
    """Where attempts go; the one thing that must happen before a client is answered."""

    def record(self, attempt: Attempt) -> LoginEvent | None | Pending[LoginEvent | None]:
        """Write the attempt and return it as an event; `None` when it could not be written.

        Never raises for a full disk and the like: it says so to the operator itself.
        """


class Unavailable(Exception):
    """Raised by an admission when the account is right but cannot be let in now."""

    def __init__(self, answer: Answer, reason: str) -> None:
        super().__init__(reason)
        self.answer = answer
        self.reason = reason


class Admission(Interface):
    """What a protocol must have before a login is recorded (POP3: the maildrop lock)."""

    def admit(self, account: Account) -> None:
        """Take what is needed; raises `Unavailable`."""

    def release(self) -> None:
        """Give back what `admit` took: the login could not be recorded."""


class Client(msgspec.Struct, frozen=True):
    """Who is connected to what. `peer` is the socket's other end when a proxy stands between."""

    protocol: Protocol
    listener: str
    local_port: int
    session: str
    ip: str
    port: int
    peer: str | None = None


class Authority(msgspec.Struct):
    """What all sessions share. `accounts` is replaced whole on reload."""

    accounts: Accounts
    recorder: Recorder
    blocking: Blocking
    hostname: str = "localhost"


class LoginSession:
    """The login state of one connection."""

    __slots__ = (
        "_admission",
        "_authority",
        "_exchange",
        "_mechanism",
        "_policy",
        "account",
        "attempted",
        "client",
        "client_name",
        "client_version",
        "failures",
        "hop",
    )

    def __init__(
        self,
        client: Client,
        authority: Authority,
        policy: Callable[[], Policy],
        hop: Hop = CLEARTEXT,
        admission: Admission | None = None,
    ) -> None:
        self.client = client
        self.hop = hop
        self.account: Account | None = None
        self.attempted = False
        self.failures = 0
        self.client_name: str | None = None
        self.client_version: str | None = None
        self._authority = authority
        self._policy = policy
        self._admission = admission
        self._exchange: Exchange | None = None
        self._mechanism: str | None = None

    # What the protocol core asks.

    @property
    def cleartext_refused(self) -> bool:
        """Whether a login is refused for want of TLS, whatever it is (LOGINDISABLED)."""
        return not self.hop.secure and self._policy().cleartext is Cleartext.REFUSE

    @property
    def exhausted(self) -> bool:
        """Whether this connection has failed so often that the server ends it."""
        return self.failures >= MAX_FAILURES

    @property
    def offered(self) -> tuple[str, ...]:
        """The mechanisms to announce in this state; none when a login would be refused anyway."""
        if self.account is not None or self.cleartext_refused:
            return ()
        return self._policy().mechanisms

    def handshake_completed(self, tls: TlsFacts, *, implicit: bool) -> None:
        """Note a completed handshake, and forget what was learnt before it (RFC 3207 §4.2)."""
        self.hop = handshake_completed(self.hop, tls, implicit=implicit)
        self._exchange = None
        if not implicit:
            self.client_name = self.client_version = None

    def client_named(self, name: bytes | None, version: bytes | None = None) -> None:
        """Note what the client calls itself; after a login this is a record of its own."""
        named = (self._safe(name), self._safe(version))
        if named == (self.client_name, self.client_version):
            return
        self.client_name, self.client_version = named
        if self.account is not None:
            self._record(Kind.CLIENT, user=self.account.name)

    def ended(self, reason: str) -> None:
        """The connection is over; without any attempt, that itself is recorded."""
        if not self.attempted:
            self.attempted = True
            self._record(Kind.CONNECTION, reason=reason)

    # SASL: begin, respond or cancel, and what goes wrong on the way.

    def begin(self, name: str, initial_response: bytes | None) -> Step:
        """Begin an exchange; `None` is no initial response, `b""` is an empty one."""
        self._exchange = None
        self._mechanism = name.upper()
        mechanism = MECHANISMS.get(self._mechanism)
        if self.account is not None or (self.cleartext_refused and mechanism is not None):
            claim = self._claim_of(initial_response)
            return self._refuse(claim)
        if mechanism is None or self._mechanism not in self._policy().mechanisms:
            self._mechanism = self._safe(name.encode("utf-8", "surrogateescape"))
            return self._fail(
                Result.MECHANISM_UNKNOWN, Answer.MECHANISM_UNKNOWN, "mechanism unknown"
            )
        self._exchange = mechanism.start(initial_response, self._context())
        return self._advance(None)

    def respond(self, response: bytes) -> Step:
        """Go on with the client's response."""
        return self._advance(response)

    def cancel(self) -> Step:
        """The client cancelled the exchange."""
        return self._fail(Result.CANCELLED, Answer.CANCELLED, "cancelled by the client")

    def malformed(self, reason: str, mechanism: str | None = None) -> Step:
        """What came is not a response at all (base64); `reason` must not quote it."""
        self._mechanism = mechanism or self._mechanism
        return self._fail(Result.MALFORMED, Answer.MALFORMED, reason)

    def line_too_long(self, mechanism: str | None = None) -> Step:
        """The response is longer than an exchange allows."""
        self._mechanism = mechanism or self._mechanism
        return self._fail(Result.MALFORMED, Answer.LINE_TOO_LONG, "line too long")

    def failed(self) -> None:
        """We have a bug: what the attempt was about is recorded as unavailable."""
        if self._exchange is not None or self._mechanism is not None:
            self._fail(Result.UNAVAILABLE, Answer.UNAVAILABLE, "internal error")

    # Logins that are not SASL: IMAP LOGIN, USER/PASS, HTTP.

    def password(self, mechanism: str, claim: PasswordClaim) -> Outcome | Pending[Outcome]:
        """Log in with a name and a password that came together."""
        self._exchange = None
        self._mechanism = mechanism
        if self.account is not None or self.cleartext_refused:
            return self._refuse(claim)
        return self._decide(claim)

    # The decision.

    def _advance(self, response: bytes | None) -> Step:
        exchange = self._exchange
        assert exchange is not None, "no exchange has begun"
        try:
            return Challenge(next(exchange) if response is None else exchange.send(response))
        except StopIteration as stop:
            self._exchange = None
            return self._decide(stop.value)
        except MalformedResponse as error:
            return self._fail(Result.MALFORMED, Answer.MALFORMED, str(error))

    def _decide(self, claim: Claim) -> Outcome | Pending[Outcome]:
        blocking = self._authority.blocking
        if blocking.is_blocked(self.client.ip):
            blocking.attempted(self.client.ip)
            return self._refuse_unchecked(
                claim, Result.BLOCKED, Answer.BAD_CREDENTIALS, "address blocked"
            )
        account = self._authority.accounts.find(claim.authcid)
        return then(self._matches(account, claim), lambda right: self._judge(claim, account, right))

    def _judge(
        self, claim: Claim, account: Account | None, right: bool
    ) -> Outcome | Pending[Outcome]:
        exposed = right and not self.hop.secure
        if account is None or not right:
            reason = "no such account" if account is None else "wrong password"
            return self._deny(
                claim, account, Result.BAD_CREDENTIALS, Answer.BAD_CREDENTIALS, reason, exposed
            )
        if account.disabled:
            return self._deny(
                claim,
                account,
                Result.DISABLED,
                Answer.BAD_CREDENTIALS,
                "account disabled",
                exposed,
            )
        if claim.authzid and self._authority.accounts.find(claim.authzid) is not account:
            return self._deny(
                claim,
                account,
                Result.DENIED,
                Answer.DENIED,
                "may not act for another account",
                exposed,
            )
        return self._admit(claim, account, exposed)

    def _admit(self, claim: Claim, account: Account, exposed: bool) -> Outcome | Pending[Outcome]:
        if self._admission is not None:
            try:
                self._admission.admit(account)
            except Unavailable as error:
                recorded = self._record_claim(
                    claim, Result.UNAVAILABLE, error.reason, account, exposed
                )
                answer = error.answer
                return then(recorded, lambda event: self._answered(event, answer))

        def answered(event: LoginEvent | None) -> Outcome:
            if event is None:
                if self._admission is not None:
                    self._admission.release()
                return Outcome(Answer.UNAVAILABLE)
            self.account = account
            self._authority.blocking.succeeded(self.client.ip)
            return Outcome(Answer.SUCCESS, account)

        return then(self._record_claim(claim, Result.SUCCESS, None, account, exposed), answered)

    def _deny(
        self,
        claim: Claim,
        account: Account | None,
        result: Result,
        answer: Answer,
        reason: str,
        exposed: bool,
    ) -> Outcome | Pending[Outcome]:
        self.failures += 1
        self._authority.blocking.failed(self.client.ip)
        recorded = self._record_claim(claim, result, reason, account, exposed)
        return then(recorded, lambda event: self._answered(event, answer))

    def _refuse(self, claim: Claim | None) -> Outcome:
        """Refuse what is not even tried: a second login, or one that policy forbids."""
        if self.account is not None:
            result, answer = Result.MALFORMED, Answer.ALREADY_AUTHENTICATED
            reason = "already authenticated"
        else:
            self.failures += 1
            result, answer = Result.CLEARTEXT_REFUSED, Answer.CLEARTEXT_REFUSED
            reason = "cleartext login refused by policy"
        return self._refuse_unchecked(claim, result, answer, reason)

    def _refuse_unchecked(
        self, claim: Claim | None, result: Result, answer: Answer, reason: str
    ) -> Outcome:
        """Answer without a check of the secret; whether it is exposed is found out beside it."""
        if result is Result.BLOCKED:
            self.failures += 1
        if claim is None:
            self._record(Kind.LOGIN, result=result, reason=reason, exposed=False)
            return Outcome(answer)
        account = self._authority.accounts.find(claim.authcid)
        matches = False if self.hop.secure else self._matches(account, claim)
        then(
            matches,
            lambda exposed: self._record_claim(claim, result, reason, account, exposed),
        )
        return Outcome(answer)

    def _fail(self, result: Result, answer: Answer, reason: str) -> Outcome | Pending[Outcome]:
        """End an attempt that never came to a claim."""
        self._exchange = None
        self.failures += 1
        recorded = self._record(Kind.LOGIN, result=result, reason=reason, exposed=False)
        return then(recorded, lambda event: self._answered(event, answer))

    def _answered(self, event: LoginEvent | None, answer: Answer) -> Outcome:
        return Outcome(Answer.UNAVAILABLE if event is None else answer)

    def _matches(self, account: Account | None, claim: Claim) -> bool | Pending[bool]:
        if account is not None:
            return account.secret.matches(claim.password)
        return then(self._authority.accounts.decoy.matches(claim.password), lambda _: False)

    def _claim_of(self, initial_response: bytes | None) -> Claim | None:
        """What a refused initial response would have claimed, if it was whole."""
        if initial_response is None or self._mechanism not in MECHANISMS:
            return None
        exchange = MECHANISMS[self._mechanism].start(initial_response, self._context())
        try:
            next(exchange)
        except StopIteration as stop:
            claim: Claim = stop.value
            return claim
        except MalformedResponse:
            return None
        return None

    def _context(self) -> ExchangeContext:
        return ExchangeContext(hostname=self._authority.hostname)

    # The record.

    def _record_claim(
        self,
        claim: Claim,
        result: Result,
        reason: str | None,
        account: Account | None,
        exposed: bool,
    ) -> LoginEvent | None | Pending[LoginEvent | None]:
        return self._record(
            Kind.LOGIN,
            result=result,
            reason=reason,
            user=account.name if account is not None else None,
            authcid=self._safe(claim.authcid, claim.password),
            authzid=self._safe(claim.authzid, claim.password) if claim.authzid else None,
            exposed=exposed,
        )

    def _record(
        self,
        kind: Kind,
        *,
        result: Result | None = None,
        reason: str | None = None,
        user: str | None = None,
        authcid: str | None = None,
        authzid: str | None = None,
        exposed: bool | None = None,
    ) -> LoginEvent | None | Pending[LoginEvent | None]:
        if kind is Kind.LOGIN:
            self.attempted = True
        client, hop, tls = self.client, self.hop, self.hop.tls or TlsFacts()
        return self._authority.recorder.record(
            Attempt(
                kind=kind,
                result=result,
                reason=reason,
                protocol=client.protocol,
                listener=client.listener,
                local_port=client.local_port,
                session=client.session,
                secure=hop.secure,
                security=hop.security,
                tls_version=tls.version,
                tls_cipher=tls.cipher,
                tls_sni=self._safe(tls.sni.encode()) if tls.sni is not None else None,
                tls_alpn=tls.alpn,
                mechanism=self._mechanism if kind is Kind.LOGIN else None,
                user=user,
                authcid=authcid,
                authzid=authzid,
                ip=client.ip,
                port=client.port,
                peer=client.peer,
                exposed=exposed,
                client_name=self.client_name,
                client_version=self.client_version,
            )
        )

    def _safe(self, sent: bytes | None, password: bytes | None = None) -> str | None:
        """Make what a client sent fit to be written; people type passwords into name fields."""
        if sent is None:
            return None
        accounts = self._authority.accounts
        is_secret = sent == password or accounts.is_plaintext_secret(sent)
        if is_secret and accounts.find(sent) is None:
            return MASK
        return shown(sent)
