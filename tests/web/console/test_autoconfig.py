"""What sets mail clients up by themselves."""

import xml.etree.ElementTree as ET

import pytest

from mailauth.web.console.autoconfig import email_address
from mailauth.web.http.message import HttpError
from tests.web.browser import Connection, Server

THUNDERBIRD = ("/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml")
OUTLOOK_NS = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"

REQUEST = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>%s</EMailAddress>
    <AcceptableResponseSchema>
      http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a
    </AcceptableResponseSchema>
  </Request>
</Autodiscover>
"""


@pytest.mark.parametrize("path", THUNDERBIRD)
@pytest.mark.parametrize(
    ("query", "servers"),
    [
        (
            "",
            [
                ("imap", "2993", "SSL"),
                ("imap", "2143", "STARTTLS"),
                ("pop3", "2995", "SSL"),
                ("pop3", "2110", "STARTTLS"),
                ("smtp", "2465", "SSL"),
                ("smtp", "2587", "STARTTLS"),
            ],
        ),
        (
            "&mode=plain",
            [("imap", "2143", "plain"), ("pop3", "2110", "plain"), ("smtp", "2587", "plain")],
        ),
        ("&mode=tls", [("imap", "2993", "SSL"), ("pop3", "2995", "SSL"), ("smtp", "2465", "SSL")]),
    ],
)
def test_thunderbird(
    server: Server, path: str, query: str, servers: list[tuple[str, str, str]]
) -> None:
    answer = Connection(server).request("GET", f"{path}?emailaddress=bob%40mydomain.com{query}")
    assert answer.fields["content-type"].startswith("application/xml")
    provider = ET.fromstring(answer.body).find("emailProvider")
    assert provider is not None
    assert provider.get("id") == provider.findtext("domain") == "mydomain.com"
    found = [
        (one.get("type"), one.findtext("port"), one.findtext("socketType"))
        for one in provider
        if one.tag in ("incomingServer", "outgoingServer")
    ]
    assert found == servers
    for one in provider.iter("incomingServer"):
        assert one.findtext("hostname") == "localhost"
        assert one.findtext("username") == "%EMAILADDRESS%"


def test_an_address_that_is_markup_stays_text(server: Server) -> None:
    target = THUNDERBIRD[0] + "?emailaddress=a@%3Cdomain%3E%22%26"
    answer = Connection(server).request("GET", target)
    provider = ET.fromstring(answer.body).find("emailProvider")
    assert provider is not None
    assert provider.findtext("domain") == "localhost"


@pytest.mark.parametrize(
    "path", ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"]
)
@pytest.mark.parametrize(
    ("query", "imap"),
    [
        ("", ("2993", "on", "SSL")),
        ("?mode=starttls", ("2143", "on", "TLS")),
        ("?mode=plain", ("2143", "off", "None")),
    ],
)
def test_outlook(server: Server, path: str, query: str, imap: tuple[str, str, str]) -> None:
    """MS-OXDSCLI §2.2.4: one protocol of a kind, the one to use."""
    body = (REQUEST % "bob@mydomain.com").encode()
    answer = Connection(server).request("POST", path + query, {"Content-Type": "text/xml"}, body)
    protocols = {
        one.findtext(f"{OUTLOOK_NS}Type"): one
        for one in ET.fromstring(answer.body).iter(f"{OUTLOOK_NS}Protocol")
    }
    assert list(protocols) == ["IMAP", "POP3", "SMTP"]
    said = protocols["IMAP"]
    names = ("Port", "SSL", "Encryption")
    assert tuple(said.findtext(f"{OUTLOOK_NS}{name}") for name in names) == imap
    assert said.findtext(f"{OUTLOOK_NS}LoginName") == "bob@mydomain.com"
    assert said.findtext(f"{OUTLOOK_NS}Server") == "localhost"


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"nonsense",
        b"<a>",
        b"<a></a>",
        b"\xff\xfe",
        b"<a><EMailAddress> </EMailAddress></a>",
        b"<a><EMailAddress>" + b"x" * 400 + b"</EMailAddress></a>",
        b'<!DOCTYPE a [<!ENTITY x "y">]><a><EMailAddress>&x;</EMailAddress></a>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a><EMailAddress>b</EMailAddress></a>',
    ],
)
def test_what_outlook_would_not_send_is_400(server: Server, document: bytes) -> None:
    with pytest.raises(HttpError):
        email_address(document)
    answer = Connection(server).request("POST", "/autodiscover/autodiscover.xml", None, document)
    assert answer.status == 400


def test_an_address_that_is_markup_stays_text_for_outlook(server: Server) -> None:
    body = (REQUEST % "&lt;b&gt;@x").encode()
    answer = Connection(server).request("POST", "/autodiscover/autodiscover.xml", None, body)
    [name, *_] = ET.fromstring(answer.body).iter(f"{OUTLOOK_NS}LoginName")
    assert name.text == "<b>@x"
