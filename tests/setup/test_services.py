"""What a client is told to use, by the mode it wants, and the DNS records for it."""

import msgspec
import pytest

from mailauth.config import ListenConfig, TlsMode
from mailauth.config.listeners import standard_listeners
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext
from mailauth.setup.dns_records import mail_domains, srv_records
from mailauth.setup.services import Mode, OfferedService, modes_of, services_of, settings

STANDARD = services_of(standard_listeners(ListenConfig(), "listen.port_offset"))


def chosen(services: list[OfferedService], *modes: Mode) -> list[tuple[str, str]]:
    return [(found.service.name, found.mode.value) for found in settings(services, modes)]


def test_each_protocol_in_each_mode() -> None:
    """Submission is preferred to relay (RFC 6409), implicit TLS stands on ports of its own."""
    assert chosen(STANDARD, Mode.TLS) == [("imaps", "tls"), ("pop3s", "tls"), ("smtps", "tls")]
    assert chosen(STANDARD, Mode.STARTTLS) == [
        ("imap", "starttls"),
        ("pop3", "starttls"),
        ("submission", "starttls"),
    ]
    assert chosen(STANDARD, Mode.PLAIN) == [
        ("imap", "plain"),
        ("pop3", "plain"),
        ("submission", "plain"),
    ]


def test_what_refuses_cleartext_is_not_offered_in_the_clear() -> None:
    strict = [msgspec.structs.replace(one, cleartext=Cleartext.REFUSE) for one in STANDARD]
    assert chosen(strict, Mode.PLAIN) == []
    assert len(chosen(strict, Mode.TLS, Mode.STARTTLS)) == 6


@pytest.mark.parametrize(
    ("tls", "modes"),
    [
        (TlsMode.NONE, (Mode.PLAIN,)),
        (TlsMode.STARTTLS, (Mode.STARTTLS, Mode.PLAIN)),
        (TlsMode.IMPLICIT, (Mode.TLS,)),
    ],
)
def test_the_modes_of_a_listener(tls: TlsMode, modes: tuple[Mode, ...]) -> None:
    assert modes_of(OfferedService(name="x", protocol=Service.IMAP, tls=tls, port=1)) == modes


def test_srv_records() -> None:
    """RFC 6186 §3: TLS preferred, and a target of `.` for what is not there."""
    records = srv_records("mydomain.com", "mail.mydomain.com", STANDARD)
    assert "_imaps._tcp.mydomain.com. 3600 IN SRV 0 1 2993 mail.mydomain.com." in records
    assert "_submission._tcp.mydomain.com. 3600 IN SRV 10 1 2587 mail.mydomain.com." in records
    without_pop = [one for one in STANDARD if one.protocol is not Service.POP3]
    records = srv_records("mydomain.com", "mail.mydomain.com", without_pop)
    assert "_pop3s._tcp.mydomain.com. 3600 IN SRV 0 0 0 ." in records


def test_domains_are_written_as_in_dns() -> None:
    names = ["a@Example.com", "b@example.COM", "c", "d@b\u00fccher.example", "e@x y\nz", "f@"]
    assert mail_domains(names) == ["example.com", "xn--bcher-kva.example"]
