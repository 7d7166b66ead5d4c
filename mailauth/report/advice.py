"""What to do about a case: which port and which setting, and whether to change the password."""

from collections.abc import Mapping

from mailauth.login.event import Protocol
from mailauth.report.rows import Case, Exposure
from mailauth.report.values import iso, text

WELL_KNOWN_TLS_PORTS: Mapping[Protocol, int] = {
    Protocol.IMAP: 993,  # RFC 8314 §3.2
    Protocol.POP3: 995,  # RFC 8314 §3.1
    Protocol.SMTP: 465,  # RFC 8314 §3.3
    Protocol.HTTP: 443,  # RFC 9110 §4.2.2
}


def advice(case: Case, tls_ports: Mapping[Protocol, int]) -> str:
    """Return one line: who logs in how insecurely, and what to do.

    `tls_ports` are the server's ports with implicit TLS; where it is not known to have one, the
    well-known port is named.
    """
    story = (
        f"{text(case.account)}: {case.service.value} in the clear"
        f"{f' on port {case.port}' if case.port is not None else ''} from {text(case.address)}, "
        f"{_how_often(case)}"
    )
    return "; ".join(
        part for part in (story, _client(case), _setting(case, tls_ports), _password(case)) if part
    )


def exposure_advice(exposure: Exposure) -> str:
    """Return one line about a password that was sent in the clear and let nobody in."""
    network = "the LAN" if exposure.network == "LAN" else "the Internet"
    return (
        f"{text(exposure.account)}: password sent in the clear by {text(exposure.services)} over "
        f"{network} and refused, last {iso(exposure.last)} from {text(exposure.address)}; change it"
    )


def _how_often(case: Case) -> str:
    if case.unsecure == 1:
        return f"once, {iso(case.opened)}"
    return f"{case.unsecure} times since {iso(case.opened)}, last {iso(case.last_unsecure)}"


def _client(case: Case) -> str:
    return f"client {text(case.client)}" if case.client is not None else ""


def _setting(case: Case, tls_ports: Mapping[Protocol, int]) -> str:
    if not case.open:
        return f"fixed {iso(case.fixed)}" if case.fixed is not None else ""
    port = tls_ports.get(case.service, WELL_KNOWN_TLS_PORTS[case.service])
    setting = "https" if case.service is Protocol.HTTP else "SSL/TLS"
    return f"change to port {port}, {setting}"


def _password(case: Case) -> str:
    """Advise on the password; without evidence it may have crossed the wire, and probably did."""
    if case.exposed is None:
        return "password perhaps exposed, better change it"
    return "password exposed, change it" if case.exposed else ""
