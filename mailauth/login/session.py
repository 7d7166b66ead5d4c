"""The login state of one connection: what the client may try, and its current exchange.

Attempts end in `login.attempts`, which decides, records and only then answers.
"""

from collections.abc import Callable
from functools import lru_cache

from mailauth.login.accounts import Account
from mailauth.login.admission import Admission
from mailauth.login.attempts import LoginAttempts
from mailauth.login.authority import Authority
from mailauth.login.client import Client
from mailauth.login.decision import Decision, refuse
from mailauth.login.ended import Ending
from mailauth.login.event import Kind
from mailauth.login.hop import CLEARTEXT, Hop
from mailauth.login.outcome import Challenge, Outcome, Step
from mailauth.login.policy import APOP, PASSWORD_COMMANDS, Cleartext, Policy, may_bind_channel
from mailauth.sasl import (
    MECHANISMS,
    Claim,
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    Need,
    PasswordClaim,
    ProvenClaim,
    TokenVerdict,
)
from mailauth.sasl.apop import apop
from mailauth.wire.pending import Pending

MAX_FAILURES = 10  # on one connection; then the server ends it


class LoginSession:
    """The login state of one connection."""

    __slots__ = ("_attempts", "_authority", "_exchange", "_policy", "_refused", "evidence")

    def __init__(
        self,
        client: Client,
        authority: Authority,
        policy: Callable[[], Policy],
        hop: Hop = CLEARTEXT,
        admission: Admission | None = None,
    ) -> None:
        self._attempts = LoginAttempts(client, authority, hop, admission)
        self.evidence = self._attempts.evidence
        self._authority = authority
        self._policy = policy
        self._exchange: Exchange | None = None
        self._refused: Exchange | None = None

    # What the protocol core asks.

    @property
    def client(self) -> Client:
        """Who is connected."""
        return self.evidence.client

    @property
    def hop(self) -> Hop:
        """The client's hop as it is now."""
        return self.evidence.hop

    @property
    def account(self) -> Account | None:
        """The account that has logged in."""
        return self._attempts.account

    @property
    def failures(self) -> int:
        """How many attempts have failed."""
        return self._attempts.failures

    @property
    def cleartext_refused(self) -> bool:
        """Whether every login is refused because there is no TLS (LOGINDISABLED)."""
        return not self.hop.secure and self._policy().cleartext is Cleartext.REFUSE

    @property
    def takes_passwords(self) -> bool:
        """Whether plain names and passwords are accepted: LOGIN, USER and PASS."""
        return not self.cleartext_refused and self._policy().permits(PASSWORD_COMMANDS)

    @property
    def exhausted(self) -> bool:
        """Whether this connection has failed so often that the server ends it."""
        return self.failures >= MAX_FAILURES

    @property
    def offered(self) -> tuple[str, ...]:
        """The mechanisms to announce in this state; none if every login would be refused."""
        return () if self.account is not None else self.mechanisms

    @property
    def mechanisms(self) -> tuple[str, ...]:
        """The mechanisms of this connection, whether or not the client has logged in."""
        if self.cleartext_refused:
            return ()
        names, hop = self._policy().mechanisms, self.hop
        binds = bool(hop.channel_bindings) and may_bind_channel(self.client.protocol, names)
        if names is None:
            names = self._authority.accounts.mechanisms
        return _working(names, binds, self._names_an_account(hop))

    def apop_timestamp(self) -> bytes | None:
        """A fresh timestamp for POP3's greeting (RFC 1939 §7), or `None` if APOP is not offered."""
        authority, policy = self._authority, self._policy()
        if self.cleartext_refused or not policy.permits(APOP):
            return None
        if policy.mechanisms is None and not authority.accounts.serves(Need.SHARED_SECRET):
            return None
        return f"<{authority.nonce()}@{authority.hostname}>".encode("ascii", "replace")

    def tls_established(self, hop: Hop) -> None:
        """Continue after STARTTLS, and forget what the client said before (RFC 3207 §4.2)."""
        self._exchange = self._refused = None
        self.evidence.begin_anew(hop)

    def client_named(self, name: bytes | None, version: bytes | None = None) -> None:
        """Note the client's own name; after a login this is recorded separately."""
        if self.evidence.note_name(name, version) and self.account is not None:
            self.evidence.record(Kind.CLIENT, user=self.account.name)

    def ended(self, ending: Ending) -> None:
        """End the connection."""
        self.evidence.ended(ending)

    # SASL: begin, respond or cancel, and what goes wrong on the way.

    def begin(self, name: str, initial_response: bytes | None) -> Step:
        """Begin an exchange; `None` is no initial response, `b""` is an empty one."""
        mechanism = MECHANISMS.get(name.upper())
        self._exchange = self._refused = None
        if mechanism is None:
            self.evidence.note_unknown_mechanism(name)
            return self._fail(Decision.MECHANISM_UNKNOWN, came=initial_response is not None)
        self.evidence.note_mechanism(mechanism.name)
        if mechanism.name not in self.offered:
            return self._refuse(self._claim_of(mechanism, initial_response))
        self._exchange = mechanism.start(initial_response, self._context())
        return self._advance(None)

    def out_of_turn(self, name: str, initial_response: bytes | None, reason: str) -> None:
        """Record an exchange that must not begin now; its protocol refuses it."""
        mechanism = MECHANISMS[name.upper()]
        self._exchange = self._refused = None
        self.evidence.note_mechanism(mechanism.name)
        claim = self._claim_of(mechanism, initial_response)
        self._attempts.refuse(claim, Decision.MISPLACED, reason)

    def respond(self, response: bytes) -> Step:
        """Continue with the client's response."""
        return self._advance(response)

    def cancel(self) -> Step:
        """Cancel the exchange for the client."""
        return self._fail(Decision.CANCELLED)

    def malformed(self, reason: str, mechanism: str | None = None) -> Outcome | Pending[Outcome]:
        """End with something that is not a response at all (base64); `reason` must not quote it."""
        if mechanism is not None:
            self.evidence.note_mechanism(mechanism)
        return self._fail(Decision.MALFORMED, reason)

    def line_too_long(self, mechanism: str | None = None) -> Outcome | Pending[Outcome]:
        """End with a response that is longer than an exchange allows."""
        if mechanism is not None:
            self.evidence.note_mechanism(mechanism)
        return self._fail(Decision.LINE_TOO_LONG)

    def sent_anyway(self, response: bytes) -> bool:
        """Record the decoded response that a client sent without waiting for the refusal.

        Returns whether it was a response; one that completes a claim is recorded like the refusal.
        """
        if self._refused is None:
            return False
        exchange, self._refused = self._refused, None
        try:
            exchange.send(response)
        except StopIteration as stop:
            self._refuse(stop.value)
        except MalformedResponse:
            return False
        else:
            self._refused = exchange
        return True

    def failed(self) -> None:
        """Record the attempt as unavailable, since an exception shows that we have a bug."""
        if self._exchange is not None or self.evidence.has_mechanism:
            self._fail(Decision.OUR_BUG)

    # Logins that are not SASL: IMAP LOGIN, USER/PASS, APOP, HTTP.

    def password(self, mechanism: str, claim: PasswordClaim) -> Outcome | Pending[Outcome]:
        """Log in with a name and a password that were sent together."""
        return self._log_in(mechanism, claim, PASSWORD_COMMANDS)

    def apop(self, authcid: bytes, digest: bytes, timestamp: bytes) -> Outcome | Pending[Outcome]:
        """Log in with POP3's digest over our timestamp (RFC 1939 §7)."""
        claim = apop(authcid, digest, timestamp, self._authority.accounts)
        return self._log_in(APOP, claim, APOP)

    def token(
        self, mechanism: str, token: bytes, verdict: TokenVerdict
    ) -> Outcome | Pending[Outcome]:
        """Log in with a verified token outside of SASL (RFC 6750 §2.1, RFC 6749 §6)."""
        claim = ProvenClaim(
            authcid=verdict.user, proven=verdict.valid, reason=verdict.reason, token=token
        )
        return self._log_in(mechanism, claim, mechanism)

    def misplaced(self, mechanism: str, claim: PasswordClaim, reason: str) -> Outcome:
        """Refuse a password sent where none is accepted, such as a form without its token."""
        self.evidence.note_mechanism(mechanism)
        if self.cleartext_refused:
            return self._refuse(claim)
        return self._attempts.refuse(claim, Decision.MISPLACED, reason)

    def _log_in(
        self, mechanism: str, claim: Claim, permitted_as: str
    ) -> Outcome | Pending[Outcome]:
        self._exchange = self._refused = None
        self.evidence.note_mechanism(mechanism)
        permitted = not self.cleartext_refused and self._policy().permits(permitted_as)
        if self.account is not None or not permitted:
            return self._refuse(claim)
        return self._attempts.decide(claim)

    def _refuse(self, claim: Claim | None) -> Outcome:
        """Refuse what is not allowed: a second login, or one that is not for this connection."""
        logged_in = self.account is not None
        decision = refuse(logged_in=logged_in, cleartext_refused=self.cleartext_refused)
        return self._attempts.refuse(claim, decision)

    def _fail(
        self, decision: Decision, reason: str | None = None, *, came: bool = True
    ) -> Outcome | Pending[Outcome]:
        """End an attempt that has no claim; `came` is whether the client sent anything."""
        self._exchange = None
        return self._attempts.conclude(decision, reason, came=came)

    # The exchange.

    def _advance(self, response: bytes | None) -> Step:
        exchange = self._exchange
        assert exchange is not None, "no exchange has begun"
        try:
            return Challenge(next(exchange) if response is None else exchange.send(response))
        except StopIteration as stop:
            self._exchange = None
            return self._attempts.decide(stop.value)
        except MalformedResponse as error:
            return self._fail(Decision.MALFORMED, str(error))

    def _claim_of(self, mechanism: Mechanism, initial_response: bytes | None) -> Claim | None:
        """Return the claim of a refused initial response; an unfinished exchange is kept for it."""
        exchange = mechanism.start(initial_response, self._context())
        try:
            next(exchange)
        except StopIteration as stop:
            claim: Claim = stop.value
            return claim
        except MalformedResponse:
            return None
        if mechanism.sends_secret:
            self._refused = exchange
        return None

    def _names_an_account(self, hop: Hop) -> bool:
        """Return whether the client's certificate names an account."""
        if not hop.certificate_names:  # as with nearly every client
            return False
        find = self._authority.accounts.find
        return any(find(name.encode()) is not None for name in hop.certificate_names)

    def _admits(self, authcid: bytes) -> bool:
        account = self._authority.accounts.find(authcid)
        if account is None or account.disabled:
            return False
        return not self._authority.blocking.is_blocked(self.client.ip)

    def _context(self) -> ExchangeContext:
        accounts = self._authority.accounts
        names = self.hop.certificate_names
        return ExchangeContext(
            hostname=self._authority.hostname,
            credentials=accounts,
            nonce=self._authority.nonce,
            admits=self._admits,
            verify_token=self._authority.verify_token,
            offered=self.offered,
            channel_bindings=self.hop.channel_bindings,
            certificate_names=tuple(
                sorted(names, key=lambda name: accounts.find(name.encode()) is None)
            ),
        )


@lru_cache(maxsize=64)  # cached for every greeting; there are few accounts and policies
def _working(
    names: tuple[str, ...], channel_is_bound: bool, account_is_named: bool
) -> tuple[str, ...]:
    """Return the mechanisms for which the connection has what they need."""
    mechanisms = [MECHANISMS[name] for name in names if name != APOP]
    return tuple(
        mechanism.name
        for mechanism in mechanisms
        if (channel_is_bound or not mechanism.binds_channel)
        and (account_is_named or mechanism.need is not Need.CERTIFICATE)
    )
