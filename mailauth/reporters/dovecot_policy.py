"""A report of Dovecot to its policy server: one authentication, in JSON. Pure.

Its keys are those of `auth_policy_request_attributes`, which is configured, and `success`,
`policy_reject` and `tls`, which Dovecot adds. Others, such as `pwhash`, are ignored without being
decoded.
"""

import re

import msgspec

from mailauth.login.event import Attempt, ConnectionFacts, Kind, Result, Service
from mailauth.login.hop import Security
from mailauth.login.shown import (
    CLIENT_NAME_OCTETS,
    CLIENT_VERSION_OCTETS,
    MECHANISM_OCTETS,
    NAME_OCTETS,
    shown,
)
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.verdict import exposed, verdict
from mailauth.reporters.verdict import Ports, wire_of

SOURCE = "dovecot-policy"

_SERVICES = {  # by Dovecot's names; ManageSieve and others are not recorded
    "imap": Service.IMAP,
    "pop3": Service.POP3,
    "submission": Service.SMTP,
    "smtp": Service.SMTP,
}
_FAILURES = {  # `fail_type`, since 2.4
    "account": (Result.BAD_CREDENTIALS, "unknown account"),
    "credentials": (Result.BAD_CREDENTIALS, "wrong credentials"),
    "disabled": (Result.DISABLED, "account disabled"),
    "expired": (Result.DENIED, "password expired"),
    "policy": (Result.DENIED, "refused by a policy"),
    "internal": (Result.UNAVAILABLE, "internal failure"),
}
_FAILED = (Result.BAD_CREDENTIALS, "authentication failed")
_SESSION_OCTETS = 64
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"?|NIL')  # RFC 9051 §9; its end may be cut off


class Report(msgspec.Struct, frozen=True):
    """One report; empty or missing values are unknown."""

    success: bool
    protocol: str
    login: str = ""
    original: str = ""
    remote: str = ""
    rport: str | int = ""
    lport: str | int = ""
    mech: str = ""
    session_id: str = ""
    device_id: str = ""
    fail_type: str = ""
    policy_reject: bool = False
    tls: bool | None = None


class MalformedReport(Exception):
    """The content is not a report; the message says why."""


_decoder = msgspec.json.Decoder(Report)


def report_of(content: bytes) -> Report:
    """Decode a report. Raises `MalformedReport`.

    A login whose name is not UTF-8 is still recorded.
    """
    try:
        return _decoder.decode(content.decode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedReport(f"{error}") from None


def attempt_of(report: Report, listener: str, ports: Ports) -> Attempt | None:
    """Judge a report; return `None` for a service that is not recorded."""
    service = _SERVICES.get(report.protocol)
    if service is None:
        return None
    result, reason = _outcome(report)
    local_port = _port(report.lport)
    wire = wire_of(report.protocol, report.tls, local_port, ports)
    judged = verdict(wire)
    mechanism = _text(report.mech, MECHANISM_OCTETS)
    client_name, client_version = _client(report.device_id)
    user = _text(report.login)
    return Attempt(
        kind=Kind.LOGIN,
        connection=ConnectionFacts(
            protocol=service,
            listener=listener,
            local_port=local_port,
            session=_text(report.session_id, _SESSION_OCTETS),
            secure=judged.secure,
            security=None if judged.security is None else Security(judged.security),
            ip=plain(report.remote),
            port=_port(report.rport),
        ),
        result=result,
        reason=reason,
        mechanism=mechanism,
        user=user,
        authcid=_text(report.original) or user,
        exposed=exposed(wire, result, mechanism),
        client_name=client_name,
        client_version=client_version,
        source=SOURCE,
    )


def _outcome(report: Report) -> tuple[Result, str | None]:
    if report.success:
        return Result.SUCCESS, None
    if report.policy_reject:
        return _FAILURES["policy"]
    return _FAILURES.get(report.fail_type, _FAILED)


def _text(said: str, octets: int = NAME_OCTETS) -> str | None:
    return shown(said.encode("utf-8", "replace"), octets) if said else None


def _port(said: str | int) -> int | None:
    try:
        port = int(said)
    except ValueError:
        return None
    return port if 0 < port <= 65_535 else None


def _client(device_id: str) -> tuple[str | None, str | None]:
    """Return the name and version in a client's IMAP ID (RFC 2971 §3.3)."""
    texts = [re.sub(r"\\(.)", r"\1", found[1] or "") for found in _STRING.finditer(device_id)]
    said = {key.lower(): value for key, value in zip(texts[::2], texts[1::2], strict=False)}
    return (
        _text(said.get("name", ""), CLIENT_NAME_OCTETS),
        _text(said.get("version", ""), CLIENT_VERSION_OCTETS),
    )
