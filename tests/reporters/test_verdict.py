"""What a report proves of the client's hop, and that nothing else decides it."""

import re
from pathlib import Path

import pytest

import mailauth
from mailauth.config import ReporterConfig, ReporterKind
from mailauth.report.foreign.verdict import Wire
from mailauth.reporters.verdict import Ports, wire_of

CONFIG = ReporterConfig(
    kind=ReporterKind.DOVECOT_POLICY,
    port=5273,
    token_file="token",
    implicit_ports=(993,),
    starttls_ports=(143,),
)


@pytest.mark.parametrize(
    ("service", "tls", "port", "expected"),
    [
        ("imap", True, 993, Wire.IMPLICIT),
        ("imap", True, 143, Wire.STARTTLS),
        ("imap", True, 10143, Wire.TLS),
        ("imap", True, None, Wire.TLS),
        ("imap", False, 143, Wire.CLEARTEXT),
        ("imap", False, 993, Wire.CLEARTEXT),
        ("submission", False, None, Wire.CLEARTEXT),
        ("imap", None, 993, Wire.UNKNOWN),
        ("smtp", False, None, Wire.UNKNOWN),
        ("smtp", True, None, Wire.TLS),
    ],
)
def test_how_the_password_travelled(
    service: str, tls: bool | None, port: int | None, expected: Wire
) -> None:
    assert wire_of(service, tls, port, Ports.of(CONFIG)) is expected


def test_a_port_is_well_known_only_if_it_is_mapped() -> None:
    assert wire_of("imap", True, 993, Ports()) is Wire.TLS


def test_only_four_places_decide_whether_a_login_is_secure() -> None:
    """A handshake, the word of a trusted proxy, another server's log, and a report.

    Readers of logs say what a line shows (`Wire`); what that proves is decided in one place.
    """
    root = Path(mailauth.__file__).parent
    decides = re.compile(r"\bsecure=(?:True|False)\b|\bVerdict\((?:True|False)")
    shows = re.compile(r"\bWire\.(?!UNKNOWN)[A-Z]+\b(?!\.value)")
    texts = {path.relative_to(root): path.read_text() for path in root.rglob("*.py")}
    assert {path.as_posix() for path, text in texts.items() if decides.search(text)} == {
        "login/hop.py",
        "report/foreign/verdict.py",
    }
    assert {
        path.as_posix()
        for path, text in texts.items()
        if shows.search(text) and path.parent != Path("report/foreign")
    } == {"reporters/verdict.py"}
