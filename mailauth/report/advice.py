"""Advice on a case: which port and setting to use, and whether to change the password."""

from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from mailauth.login.event import Service
from mailauth.report.rows import Case, Exposure, Insecure
from mailauth.report.values import iso, text


class _Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that cases and insecure clients have in common."""

    account: str
    service: Service
    port: int | None
    address: str
    count: int
    first: datetime
    last: datetime
    client: str | None
    open: bool
    fixed: datetime | None
    exposed: bool | None


Times = Callable[[datetime], str]


def advice(case: Case, tls_ports: Mapping[Service, int], times: Times = iso) -> str:
    """Return one line: who logs in insecurely and how, and what to do.

    `tls_ports` are the server's ports with implicit TLS; if there is none, no port is named.
    `times` formats times.
    """
    trouble = _Trouble(
        account=case.account,
        service=case.service,
        port=case.port,
        address=case.address,
        count=case.unsecure,
        first=case.opened,
        last=case.last_unsecure,
        client=case.client,
        open=case.open,
        fixed=case.fixed,
        exposed=case.exposed,
    )
    return _told(trouble, tls_ports, times)


def insecure_advice(row: Insecure, tls_ports: Mapping[Service, int], times: Times = iso) -> str:
    """Return one line like `advice` for one client of an account."""
    trouble = _Trouble(
        account=row.account,
        service=row.service,
        port=row.port,
        address=row.address,
        count=row.count,
        first=row.first,
        last=row.last,
        client=row.client,
        open=row.open,
        fixed=row.last_secure,
        exposed=row.exposed,
    )
    return _told(trouble, tls_ports, times)


def exposure_advice(exposure: Exposure) -> str:
    """Return one line about a password that was sent in the clear and then refused."""
    network = "the LAN" if exposure.network == "LAN" else "the Internet"
    return (
        f"{text(exposure.account)}: password sent in the clear by {text(exposure.services)} over "
        f"{network} and refused, last {iso(exposure.last)} from {text(exposure.address)}; change it"
    )


def _told(trouble: _Trouble, tls_ports: Mapping[Service, int], times: Times) -> str:
    story = (
        f"{text(trouble.account)}: {trouble.service.value} in the clear"
        f"{f' on port {trouble.port}' if trouble.port is not None else ''} "
        f"from {text(trouble.address)}, {_how_often(trouble, times)}"
    )
    parts = (story, _client(trouble), _setting(trouble, tls_ports, times), _password(trouble))
    return "; ".join(part for part in parts if part)


def _how_often(trouble: _Trouble, times: Times) -> str:
    if trouble.count == 1:
        return f"once, {times(trouble.first)}"
    return f"{trouble.count} times since {times(trouble.first)}, last {times(trouble.last)}"


def _client(trouble: _Trouble) -> str:
    return f"client {text(trouble.client)}" if trouble.client is not None else ""


def _setting(trouble: _Trouble, tls_ports: Mapping[Service, int], times: Times) -> str:
    if not trouble.open:
        return f"fixed {times(trouble.fixed)}" if trouble.fixed is not None else ""
    setting = "https" if trouble.service is Service.HTTP else "SSL/TLS"
    port = tls_ports.get(trouble.service)
    return f"use {setting}" if port is None else f"change to port {port}, {setting}"


def _password(trouble: _Trouble) -> str:
    """Return advice on the password; without evidence it was probably sent in the clear."""
    if trouble.exposed is None:
        return "password may be exposed, change it"
    return "password exposed, change it" if trouble.exposed else ""
