"""Automatic setup of mail clients: Thunderbird's autoconfig and Outlook's autodiscover.

Both are requested without credentials, and return the settings of `/setup`: those of `mode=plain`,
`starttls` or `tls`, or without a mode those of TLS and then those of STARTTLS.
"""

import re
from xml.parsers import expat

from mailauth.setup.services import Mode, settings
from mailauth.web.console.console import Console
from mailauth.web.http.message import HttpError, Request, Response
from mailauth.web.selection import choice

THUNDERBIRD = ("/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml")
OUTLOOK = ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml")
PATHS = frozenset(tuple(path[1:].split("/")) for path in (*THUNDERBIRD, *OUTLOOK))

XML = "application/xml; charset=utf-8"
OUTLOOK_SCHEMA = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"

_RECOMMENDED = (Mode.TLS, Mode.STARTTLS)
_MAX_ADDRESS = 320  # 64 octets of local part, "@", 255 of domain (RFC 5321 §4.5.3.1)
_DOMAIN = re.compile(r"[^\s@<>]{1,255}")


def thunderbird(console: Console, request: Request) -> Response:
    """Return a `clientConfig` (Mozilla's format, version 1.1)."""
    domain = request.query.get("emailaddress", "").rpartition("@")[2]
    return _xml(
        console,
        "thunderbird.xml",
        domain=domain if _DOMAIN.fullmatch(domain) else console.authority.hostname,
        settings=settings(console.operations.services(), _modes(request)),
    )


def outlook(console: Console, request: Request) -> Response:
    """Return `Autodiscover` settings (MS-OXDSCLI §2.2.4) for the address in the request."""
    address = email_address(request.body)
    offered = settings(console.operations.services(), _modes(request))
    first_of_each = {found.service.protocol: found for found in reversed(offered)}
    return _xml(
        console,
        "outlook.xml",
        schema=OUTLOOK_SCHEMA,
        address=address,
        settings=list(reversed(first_of_each.values())),
    )


def _xml(console: Console, template: str, **values: object) -> Response:
    page = console.pages.render(template, hostname=console.authority.hostname, Mode=Mode, **values)
    return Response(body=page, content_type=XML)


def _modes(request: Request) -> tuple[Mode, ...]:
    mode = choice(request.query, "mode", Mode)
    return _RECOMMENDED if mode is None else (mode,)


def email_address(document: bytes) -> str:
    """Return the `EMailAddress` of an autodiscover request. Raises `HttpError`.

    Documents with a type declaration are rejected, so that entities are never expanded.
    """
    found: list[str] = []
    inside = False

    def opened(name: str, _: object) -> None:
        nonlocal inside
        inside = name.rpartition(" ")[2] == "EMailAddress"

    def closed(_: str) -> None:
        nonlocal inside
        inside = False

    def text(data: str) -> None:
        if inside:
            found.append(data)

    def declared(*_: object) -> None:
        raise HttpError(400, "A document type declaration is not accepted.")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = declared
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError):
        raise HttpError(400, "The request is not valid XML.") from None
    address = "".join(found).strip()
    if not 0 < len(address) <= _MAX_ADDRESS:
        raise HttpError(400, "The request does not contain an address.")
    return address
