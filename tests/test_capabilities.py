"""What each protocol announces, in whatever state, and the text that says what it means.

Who announces something more has to name its text here, and tests that hold the server to it there.
"""

import re
from itertools import count
from pathlib import Path

import pytest

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.login.event import Service
from mailauth.login.policy import Cleartext
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.sasl import MECHANISMS
from mailauth.smtp.server import SmtpServer
from mailauth.testing import Dialogue, MemoryRecorder, accounts, authority, session_for
from tests.support.mail import NOON

TEXTS = {
    Service.IMAP: {
        "APPENDLIMIT": "RFC 7889",
        "AUTH": "RFC 9051",
        "BINARY": "RFC 3516",
        "CHILDREN": "RFC 3348",
        "CONDSTORE": "RFC 7162",
        "ENABLE": "RFC 5161",
        "ESEARCH": "RFC 4731",
        "ID": "RFC 2971",
        "IDLE": "RFC 2177",
        "IMAP4rev1": "RFC 3501",
        "IMAP4rev2": "RFC 9051",
        "LIST-EXTENDED": "RFC 5258",
        "LIST-STATUS": "RFC 5819",
        "LITERAL+": "RFC 7888",
        "LITERAL-": "RFC 7888",
        "LOGINDISABLED": "RFC 9051",
        "MOVE": "RFC 6851",
        "NAMESPACE": "RFC 2342",
        "QUOTA": "RFC 9208",
        "SASL-IR": "RFC 4959",
        "SEARCHRES": "RFC 5182",
        "SPECIAL-USE": "RFC 6154",
        "STARTTLS": "RFC 9051",
        "STATUS": "RFC 8438",
        "UIDPLUS": "RFC 4315",
        "UNSELECT": "RFC 3691",
        "UTF8": "RFC 6855",
        "WITHIN": "RFC 5032",
    },
    Service.POP3: {
        "AUTH-RESP-CODE": "RFC 3206",
        "EXPIRE": "RFC 2449",
        "PIPELINING": "RFC 2449",
        "RESP-CODES": "RFC 2449",
        "SASL": "RFC 5034",
        "STLS": "RFC 2595",
        "TOP": "RFC 1939",
        "UIDL": "RFC 1939",
        "USER": "RFC 1939",
        "UTF8": "RFC 6856",
    },
    Service.SMTP: {
        "8BITMIME": "RFC 6152",
        "AUTH": "RFC 4954",
        "CHUNKING": "RFC 3030",
        "DSN": "RFC 3461",
        "ENHANCEDSTATUSCODES": "RFC 2034",
        "HELP": "RFC 5321",
        "PIPELINING": "RFC 2920",
        "SIZE": "RFC 1870",
        "SMTPUTF8": "RFC 6531",
        "STARTTLS": "RFC 3207",
    },
}
MECHANISM_TEXTS = {
    "CRAM-MD5": "RFC 2195",
    "EXTERNAL": "RFC 4422",
    "LOGIN": "draft-murchison-sasl-login",
    "OAUTHBEARER": "RFC 7628",
    "PLAIN": "RFC 4616",
    "SCRAM-SHA-1": "RFC 5802",
    "SCRAM-SHA-1-PLUS": "RFC 5802",
    "SCRAM-SHA-256": "RFC 7677",
    "SCRAM-SHA-256-PLUS": "RFC 7677",
    "XOAUTH2": "XOAUTH2",  # Google's own description has no number
}
LOGIN = {
    Service.IMAP: b"a LOGIN mary secret\r\n",
    Service.POP3: b"USER mary\r\nPASS secret\r\n",
    Service.SMTP: b"EHLO client.example\r\nAUTH PLAIN AG1hcnkAc2VjcmV0\r\n",
}
ASK = {
    Service.IMAP: b"b CAPABILITY\r\n",
    Service.POP3: b"CAPA\r\n",
    Service.SMTP: b"EHLO client.example\r\n",
}


def connect(protocol: Service, cleartext: Cleartext = Cleartext.ALLOW) -> Dialogue:
    """A connection to a listener that can do STARTTLS."""
    known = accounts()
    shared = authority(MemoryRecorder(), known)
    store = MemoryStore(count(1).__next__, lambda account: NewMessage(b"\r\n", NOON))
    maildrop = Maildrop(store)
    admission = maildrop if protocol is Service.POP3 else None
    login = session_for(protocol, shared, cleartext=cleartext, admission=admission)
    match protocol:
        case Service.IMAP:
            parsed = ParsedMessages()
            imap = ImapServer(login, store, now=lambda: NOON, parsed=parsed, tls_available=True)
            return Dialogue(imap, login)
        case Service.POP3:
            return Dialogue(Pop3Server(login, maildrop, tls_available=True), login)
        case _:
            smtp = SmtpServer(
                login, store, accounts=lambda: known, now=lambda: NOON, tls_available=True
            )
            return Dialogue(smtp, login)


def announced(protocol: Service, said: bytes) -> set[str]:
    """The names of the capabilities in an answer, without what they have behind `=` or a space."""
    lines = said.decode().splitlines()
    match protocol:
        case Service.IMAP:
            return {word.partition("=")[0] for word in lines[0].split()[2:]}
        case Service.POP3:
            return {line.split()[0] for line in lines[1:-1]}
        case _:
            return {line[4:].split()[0] for line in lines[1:]}


@pytest.mark.parametrize("protocol", TEXTS)
def test_whatever_is_announced_in_any_state_has_its_text(protocol: Service) -> None:
    found: set[str] = set()
    for cleartext in Cleartext:
        for implicit_tls in (False, True):
            dialogue = connect(protocol, cleartext)
            dialogue.connect(implicit_tls=implicit_tls)
            found |= announced(protocol, dialogue.send(ASK[protocol]))
            dialogue.send(LOGIN[protocol])
            found |= announced(protocol, dialogue.send(ASK[protocol]))
    assert found == TEXTS[protocol].keys()


def test_every_mechanism_has_its_text() -> None:
    assert MECHANISM_TEXTS.keys() == MECHANISMS.keys()


@pytest.mark.parametrize(
    ("area", "text"),
    sorted(
        {(protocol.value.lower(), text) for protocol in TEXTS for text in TEXTS[protocol].values()}
        | {("sasl", text) for text in MECHANISM_TEXTS.values()}
    ),
)
def test_every_text_is_named_by_tests_of_its_area(area: str, text: str) -> None:
    """In a docstring, or in a test's name."""
    named = re.compile(re.escape(text).replace(r"RFC\ ", "rfc[ _]?") + r"(?!\d)", re.IGNORECASE)
    tests = (Path(__file__).parent / area).rglob("test_*.py")
    assert any(named.search(test.read_text("utf-8")) for test in tests)
