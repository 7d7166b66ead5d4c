"""Login attempts, and the events that the record makes of them."""

import enum
from datetime import datetime

import msgspec

from mailauth.login.hop import Security

VERSION = 1  # of the journal's records


class Service(enum.StrEnum):
    """The service that was logged in to; TLS does not change its name."""

    SMTP = "SMTP"
    IMAP = "IMAP"
    POP3 = "POP3"
    HTTP = "HTTP"


class Kind(enum.StrEnum):
    """What a journal record is about."""

    LOGIN = "login"
    CONNECTION = "connection"
    CLIENT = "client"
    ACCOUNT = "account"


class Result(enum.StrEnum):
    """How a login attempt ended."""

    SUCCESS = "success"
    BAD_CREDENTIALS = "bad-credentials"
    DENIED = "denied"
    DISABLED = "disabled"
    BLOCKED = "blocked"
    CLEARTEXT_REFUSED = "cleartext-refused"
    MECHANISM_UNKNOWN = "mechanism-unknown"
    MALFORMED = "malformed"
    CANCELLED = "cancelled"
    UNAVAILABLE = "unavailable"


class AccountChange(enum.Enum):
    """The `reason` of an `account` record: what changed for the account or its address."""

    PASSWORD_CHANGED = "password-changed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    UNBLOCKED = "unblocked"


class ConnectionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The facts of a connection: its client, and how its hop is protected."""

    protocol: Service | None = None
    listener: str | None = None
    local_port: int | None = None
    session: str | None = None
    secure: bool | None = None
    security: Security | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    tls_sni: str | None = None
    tls_alpn: str | None = None
    ip: str | None = None
    port: int | None = None
    peer: str | None = None


NO_CONNECTION = ConnectionFacts()


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One journal record before it has a time, a number and an origin. It contains no secret.

    `user` is the canonical account; `authcid` and `authzid` are what the client sent, escaped and
    capped. `count` is the number of attempts that it represents (`repeats`). `at` is when it came,
    if that is not when it is recorded. If it was read from another server's log, `source` is the
    log's format, and `id` is derived from its line.
    """

    kind: Kind
    connection: ConnectionFacts = NO_CONNECTION
    result: Result | None = None
    reason: str | None = None
    mechanism: str | None = None
    user: str | None = None
    authcid: str | None = None
    authzid: str | None = None
    exposed: bool | None = None
    client_name: str | None = None
    client_version: str | None = None
    count: int = 1
    at: datetime | None = None
    id: str | None = None
    source: str | None = None


class LoginEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of LoginAttempts.jsonl, with its keys in the order of the file.

    `count` is written only if it is not 1, and `source` only for another server's log.
    """

    v: int
    seq: int
    id: str
    at: datetime
    kind: Kind
    result: Result | None
    reason: str | None
    protocol: Service | None
    listener: str | None
    local_port: int | None
    session: str | None
    secure: bool | None
    security: Security | None
    tls_version: str | None
    tls_cipher: str | None
    tls_sni: str | None
    tls_alpn: str | None
    mechanism: str | None
    user: str | None
    authcid: str | None
    authzid: str | None
    ip: str | None
    port: int | None
    peer: str | None
    origin: str | None
    country: str | None
    exposed: bool | None
    client_name: str | None
    client_version: str | None
    count: int = 1
    source: str | None = None


def event_of(
    attempt: Attempt,
    *,
    seq: int,
    id: str,  # noqa: A002  # as the record calls it
    at: datetime,
    origin: str | None = None,
    country: str | None = None,
) -> LoginEvent:
    """Make a journal record of an attempt."""
    connection = attempt.connection
    return LoginEvent(
        v=VERSION,
        seq=seq,
        id=id if attempt.id is None else attempt.id,
        at=at,
        kind=attempt.kind,
        result=attempt.result,
        reason=attempt.reason,
        protocol=connection.protocol,
        listener=connection.listener,
        local_port=connection.local_port,
        session=connection.session,
        secure=connection.secure,
        security=connection.security,
        tls_version=connection.tls_version,
        tls_cipher=connection.tls_cipher,
        tls_sni=connection.tls_sni,
        tls_alpn=connection.tls_alpn,
        mechanism=attempt.mechanism,
        user=attempt.user,
        authcid=attempt.authcid,
        authzid=attempt.authzid,
        ip=connection.ip,
        port=connection.port,
        peer=connection.peer,
        origin=origin,
        country=country,
        exposed=attempt.exposed,
        client_name=attempt.client_name,
        client_version=attempt.client_version,
        count=attempt.count,
        source=attempt.source,
    )
