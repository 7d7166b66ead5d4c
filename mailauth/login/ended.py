"""Why a connection ended without a login attempt: the `reason` of its record.

The record is text, `no-attempt` or `tls-handshake-failed: tlsv1 alert unknown ca`. To count such
connections, `cause_of` returns the part before the detail.
"""

import enum

import msgspec


class Ended(enum.Enum):
    """Why a connection ended; the record begins with this."""

    NO_ATTEMPT = "no-attempt"
    TIMEOUT = "timeout"
    PROXY_HEADER_MALFORMED = "proxy-header-malformed"
    TLS_ON_CLEARTEXT_PORT = "tls-on-cleartext-port"
    CLEARTEXT_ON_TLS_PORT = "cleartext-on-tls-port"
    CLEARTEXT_IN_HANDSHAKE = "cleartext-in-handshake"
    TLS_HANDSHAKE_FAILED = "tls-handshake-failed"
    TLS_FAILED = "tls-failed"
    PIPELINED_BEHIND_STARTTLS = "pipelined-behind-starttls"
    HTTP_ON_SMTP_PORT = "http-on-smtp-port"
    HTTP_ON_IMAP_PORT = "http-on-imap-port"
    HTTP_ON_POP3_PORT = "http-on-pop3-port"
    LINE_TOO_LONG = "line-too-long"
    MALFORMED_REQUEST = "malformed-request"
    WENT_ON_BEHIND_PREAUTH = "went on in the clear behind PREAUTH"
    TOOK_A_CLEARTEXT_REPLY = "took a reply sent in the clear for an answer inside TLS"
    REPEATED = "repeated"  # too frequent to be told apart


_IN_BRACKETS = (
    Ended.NO_ATTEMPT,
    Ended.CLEARTEXT_IN_HANDSHAKE,
    Ended.PIPELINED_BEHIND_STARTTLS,
)


class Ending(msgspec.Struct, frozen=True):
    """How one connection ended."""

    cause: Ended
    detail: str | None = None

    @property
    def reason(self) -> str:
        """The text of its record."""
        cause, detail = self.cause, self.detail
        if detail is None:
            return cause.value
        return f"{cause.value} ({detail})" if cause in _IN_BRACKETS else f"{cause.value}: {detail}"


def with_bytes(cause: Ended, count: int) -> Ending:
    """Add how many bytes a client sent where it must not send any."""
    return Ending(cause, f"{count} bytes")


def cause_of(reason: str | None) -> Ended | None:
    """Return the beginning of a record's reason, or `None` if it is not known here."""
    return _CAUSES.get((reason or "").partition(": ")[0].partition(" (")[0])


_CAUSES = {cause.value: cause for cause in Ended}
