"""DNS records by which clients find the services (RFC 6186, RFC 8314 §5.1, Outlook). Pure."""

import re
from collections.abc import Iterable

from mailauth.login.event import Service
from mailauth.setup.services import Mode, OfferedService, setting

_HOST_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")

_RECORDS = (
    ("_submissions._tcp", Service.SMTP, Mode.TLS, 0),
    ("_submission._tcp", Service.SMTP, Mode.STARTTLS, 10),
    ("_imaps._tcp", Service.IMAP, Mode.TLS, 0),
    ("_imap._tcp", Service.IMAP, Mode.STARTTLS, 10),
    ("_pop3s._tcp", Service.POP3, Mode.TLS, 20),
    ("_pop3._tcp", Service.POP3, Mode.STARTTLS, 30),
    ("_autodiscover._tcp", Service.HTTP, Mode.TLS, 0),
)


def srv_records(domain: str, hostname: str, services: Iterable[OfferedService]) -> list[str]:
    """Return the zone's lines for one domain, TLS preferred; `.` means that a service is absent."""
    known = tuple(services)
    lines = []
    for name, protocol, mode, priority in _RECORDS:
        found = setting(known, protocol, mode)
        target = f"{priority} 1 {found.service.port} {hostname}." if found else "0 0 0 ."
        lines.append(f"{name}.{domain}. 3600 IN SRV {target}")
    return lines


def mail_domains(names: Iterable[str]) -> list[str]:
    """Return the domains of account names as DNS spells them, each once, in order."""
    domains = (_in_dns(name.rpartition("@")[2]) for name in names if "@" in name)
    return list(dict.fromkeys(domain for domain in domains if domain is not None))


def _in_dns(domain: str) -> str | None:
    """Return a domain in ASCII (RFC 3490 §4.1), or `None` if it is not a valid one."""
    try:
        written = domain.lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return written if _HOST_NAME.fullmatch(written) else None
