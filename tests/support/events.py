"""Events to feed and to write down."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def event(seq: int, **fields: Any) -> LoginEvent:
    """A login of bob's over cleartext IMAP, except for what is said otherwise."""
    usual = LoginEvent(
        v=1,
        seq=seq,
        id=f"event-{seq}",
        at=START + timedelta(seconds=seq),
        kind=Kind.LOGIN,
        result=Result.SUCCESS,
        reason=None,
        protocol=Service.IMAP,
        listener="imap",
        local_port=2143,
        session=f"session-{seq}",
        secure=False,
        security=Security.CLEARTEXT,
        tls_version=None,
        tls_cipher=None,
        tls_sni=None,
        tls_alpn=None,
        mechanism="PLAIN",
        user="bob@mydomain.com",
        authcid="bob",
        authzid=None,
        ip="10.11.12.102",
        port=49152,
        peer=None,
        origin="LAN",
        country=None,
        exposed=True,
        client_name="Thunderbird",
        client_version="153.0",
    )
    return msgspec.structs.replace(usual, **fields)
