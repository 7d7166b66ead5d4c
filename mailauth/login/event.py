"""What happened to a credential: an attempt, and the event that the record makes of it."""

import enum
from datetime import datetime

import msgspec

from mailauth.login.hop import Security


class Protocol(enum.StrEnum):
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
    """The `reason` of an `account` record: what has become of the account, or of its address."""

    PASSWORD_CHANGED = "password-changed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    UNBLOCKED = "unblocked"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One journal record before it has a time, a number and an origin. It has no secret to leak.

    `user` is the canonical account; `authcid` and `authzid` are what the client sent, made safe
    and capped. `count` is how many attempts it stands for (`repeats`).
    """

    kind: Kind
    result: Result | None = None
    reason: str | None = None
    protocol: Protocol | None = None
    listener: str | None = None
    local_port: int | None = None
    session: str | None = None
    secure: bool | None = None
    security: Security | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    tls_sni: str | None = None
    tls_alpn: str | None = None
    mechanism: str | None = None
    user: str | None = None
    authcid: str | None = None
    authzid: str | None = None
    ip: str | None = None
    port: int | None = None
    peer: str | None = None
    exposed: bool | None = None
    client_name: str | None = None
    client_version: str | None = None
    count: int = 1
    at: datetime | None = (
        None  # when it came, where it is recorded later; else the recorder's stamp
    )


class LoginEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record of LoginAttempts.jsonl, its keys in the order of the file.

    `count` is written where it is not 1.
    """

    v: int
    seq: int
    id: str
    at: datetime
    kind: Kind
    result: Result | None
    reason: str | None
    protocol: Protocol | None
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
