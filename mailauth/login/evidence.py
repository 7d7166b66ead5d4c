"""The evidence of one connection: its client, its hop, and the records about them."""

from datetime import datetime

from mailauth.login.accounts import Account
from mailauth.login.authority import Authority
from mailauth.login.client import Client
from mailauth.login.decision import Row
from mailauth.login.ended import Ended, Ending
from mailauth.login.event import Attempt, ConnectionFacts, Kind, LoginEvent, Result
from mailauth.login.hop import Hop, Security, TlsFacts
from mailauth.login.policy import APOP
from mailauth.login.shown import (
    AUTHZID_OCTETS,
    CLIENT_NAME_OCTETS,
    CLIENT_VERSION_OCTETS,
    MASK,
    MECHANISM_OCTETS,
    NAME_OCTETS,
    SERVER_NAME_OCTETS,
    TLS_WORD_OCTETS,
    shown,
)
from mailauth.login.typed_tokens import holds_token
from mailauth.sasl import MECHANISMS, Claim, PasswordClaim
from mailauth.wire.pending import Pending

COMMANDS = 8  # that are recorded for a client that did not try to log in
NAMES = 8  # that a client may give itself on one connection; later ones are ignored

_NO_TLS = TlsFacts()

Recorded = LoginEvent | None | Pending[LoginEvent | None]


class Evidence:
    """What is known of a connection's client, and its records.

    `attempted` is whether the client has tried to log in, or the end of its connection without an
    attempt has been recorded.
    """

    __slots__ = (
        "_authority",
        "_commands",
        "_facts",
        "_facts_of",
        "_mechanism",
        "_names",
        "_sends_secret",
        "attempted",
        "client",
        "client_name",
        "client_version",
        "hop",
    )

    def __init__(self, client: Client, authority: Authority, hop: Hop) -> None:
        self.client = client
        self.hop = hop
        self.attempted = False
        self.client_name: str | None = None
        self.client_version: str | None = None
        self._authority = authority
        self._commands: tuple[str, ...] = ()
        self._facts: ConnectionFacts | None = None
        self._facts_of = hop
        self._mechanism: str | None = None
        self._names = 0
        self._sends_secret = True

    def note_command(self, command: str) -> None:
        """Note a command other than a login, for the record of a client that never tries."""
        if not self.attempted and command not in self._commands and len(self._commands) < COMMANDS:
            self._commands += (command,)

    def ended(self, ending: Ending) -> None:
        """Record the end of the connection, unless there was an attempt.

        A proxy's health check is not recorded, since it happens every second.
        """
        if self.attempted or self.client.is_check:
            return
        self.attempted = True
        if ending.cause is Ended.NO_ATTEMPT and self._commands:
            ending = Ending(ending.cause, ", ".join(self._commands))
        self.record(Kind.CONNECTION, reason=ending.reason)

    def note_name(self, name: bytes | None, version: bytes | None) -> bool:
        """Note the client's own name and version; return whether they are new."""
        named = (
            self._safe(name, octets=CLIENT_NAME_OCTETS),
            self._safe(version, octets=CLIENT_VERSION_OCTETS),
        )
        if named == (self.client_name, self.client_version) or self._names == NAMES:
            return False
        self._names += 1
        self.client_name, self.client_version = named
        return True

    def begin_anew(self, hop: Hop) -> None:
        """Continue with a hop that is now protected, and forget the client's name."""
        self.hop = hop
        self.client_name = self.client_version = None

    def note_mechanism(self, mechanism: str) -> None:
        """Note the mechanism of a login."""
        self._mechanism = mechanism
        known = MECHANISMS.get(mechanism)
        self._sends_secret = known.sends_secret if known is not None else mechanism != APOP

    def note_unknown_mechanism(self, mechanism: str) -> None:
        """Note a mechanism that is not known; the client may still send a secret."""
        self._mechanism = self._safe(
            mechanism.encode("utf-8", "surrogateescape"), octets=MECHANISM_OCTETS
        )
        self._sends_secret = True

    @property
    def has_mechanism(self) -> bool:
        """Whether the client has ever begun to log in."""
        return self._mechanism is not None

    @property
    def exposes(self) -> bool:
        """Whether a correct secret was readable by others on the client's hop."""
        return self._sends_secret and not self.hop.secure

    def record_attempt(
        self,
        row: Row,
        reason: str | None,
        exposed: bool | None,
        claim: Claim | None = None,
        account: Account | None = None,
        at: datetime | None = None,
    ) -> Recorded:
        """Record an attempt, and its claim if it has one; `at` is when it came, if that is past."""
        authcid = authzid = None
        if claim is not None:
            secret = claim.password if isinstance(claim, PasswordClaim) else claim.token
            authcid = self._safe(claim.authcid, secret)
            authzid = self._safe(claim.authzid, secret, AUTHZID_OCTETS) if claim.authzid else None
            self._authority.prepare.forget()
        return self.record(
            Kind.LOGIN,
            result=row.result,
            reason=reason or row.reason,
            user=account.name if account is not None else None,
            authcid=authcid,
            authzid=authzid,
            exposed=exposed,
            at=at,
        )

    def record(
        self,
        kind: Kind,
        *,
        result: Result | None = None,
        reason: str | None = None,
        user: str | None = None,
        authcid: str | None = None,
        authzid: str | None = None,
        exposed: bool | None = None,
        at: datetime | None = None,
    ) -> Recorded:
        """Record something about this connection."""
        if kind is Kind.LOGIN:
            self.attempted = True
        return self._authority.recorder.record(
            Attempt(
                kind=kind,
                connection=self._connection(),
                result=result,
                reason=reason,
                mechanism=self._mechanism if kind is Kind.LOGIN else None,
                user=user,
                authcid=authcid,
                authzid=authzid,
                exposed=exposed,
                client_name=self.client_name,
                client_version=self.client_version,
                at=at,
            )
        )

    def _connection(self) -> ConnectionFacts:
        """The facts of the connection, made once for each hop."""
        client, hop, facts = self.client, self.hop, self._facts
        if facts is not None and self._facts_of is hop:
            return facts
        tls = hop.tls if hop.tls is not None else _NO_TLS
        if hop.security is Security.PROXIED:
            tls = _capped(tls)
        sni = None if tls.sni is None else tls.sni.encode()
        self._facts_of = hop
        self._facts = facts = ConnectionFacts(
            protocol=client.protocol,
            listener=client.listener,
            local_port=client.local_port,
            session=client.session,
            secure=hop.secure,
            security=hop.security,
            tls_version=tls.version,
            tls_cipher=tls.cipher,
            tls_sni=self._safe(sni, octets=SERVER_NAME_OCTETS),
            tls_alpn=tls.alpn,
            ip=client.ip,
            port=client.port,
            peer=client.peer,
        )
        return facts

    def _safe(
        self, sent: bytes | None, password: bytes | None = None, octets: int = NAME_OCTETS
    ) -> str | None:
        """Make what a client sent safe to record; people enter passwords into name fields."""
        if sent is None:
            return None
        accounts, prepare = self._authority.accounts, self._authority.prepare
        is_password = password is not None and prepare(sent) == prepare(password)
        is_secret = is_password or accounts.is_plaintext_secret(sent, prepare)
        if holds_token(sent) or (is_secret and accounts.find(sent, prepare) is None):
            return MASK
        return shown(sent, octets)


def _capped(tls: TlsFacts) -> TlsFacts:
    """Cap what a proxy reports of its client's TLS, except for the server name."""
    version, cipher, alpn = (
        None if word is None else shown(word.encode(), TLS_WORD_OCTETS)
        for word in (tls.version, tls.cipher, tls.alpn)
    )
    return TlsFacts(version, cipher, tls.sni, alpn)
