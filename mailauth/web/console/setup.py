"""The page that explains how to set up a client, and the CA to trust."""

from collections.abc import Sequence

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mailauth.login.event import Service
from mailauth.setup.services import Mode, OfferedService, Setting, setting, settings
from mailauth.web.console.console import Console
from mailauth.web.http.message import HttpError, Request, Response
from mailauth.web.selection import choice

_ANYBODY = "name@example.com"


class _Described(msgspec.Struct, frozen=True):
    """A mode in the user's terms, and in those of clients."""

    mode: Mode
    label: str
    setting: str
    explanation: str


_MODES = (
    _Described(
        Mode.TLS, "TLS", "SSL/TLS", "TLS begins with the connection; nothing is sent before it."
    ),
    _Described(
        Mode.STARTTLS,
        "STARTTLS",
        "STARTTLS",
        "The connection begins in the clear and is encrypted before anybody logs in.",
    ),
    _Described(
        Mode.PLAIN,
        "In the clear",
        "None",
        "Nothing is encrypted: others on the network can read the password.",
    ),
)


def show(console: Console, request: Request) -> Response:
    """Show the settings of one mode."""
    mode = choice(request.query, "mode", Mode) or Mode.TLS
    services = console.operations.services()
    viewer = console.viewer_of(request)
    account = viewer.account if viewer is not None else None
    user = account.name if account is not None else _ANYBODY
    ca = _certificate(console)
    return console.pages.page(
        request,
        viewer,
        "setup.html",
        modes=_MODES,
        mode=next(known for known in _MODES if known.mode is mode),
        settings=settings(services, [mode]),
        hostname=console.authority.hostname,
        user=user,
        ca=ca.fingerprint(hashes.SHA256()).hex(":").upper() if ca is not None else None,
        commands=_commands(console.authority.hostname, services, mode, user),
    )


def ca_for_programs(console: Console, _: Request) -> Response:
    """Return the CA's certificate in PEM. Raises `HttpError`."""
    return _download(console, Encoding.PEM, "application/x-pem-file", "mailauth-ca.pem")


def ca_for_devices(console: Console, _: Request) -> Response:
    """Return the CA's certificate in DER, which phones and browsers offer to install."""
    return _download(console, Encoding.DER, "application/x-x509-ca-cert", "mailauth-ca.crt")


def _certificate(console: Console) -> x509.Certificate | None:
    pem = console.operations.ca_certificate()
    return x509.load_pem_x509_certificate(pem) if pem is not None else None


def _download(console: Console, encoding: Encoding, content_type: str, name: str) -> Response:
    certificate = _certificate(console)
    if certificate is None:
        raise HttpError(404, "This server's certificate was issued by another CA.")
    return Response(
        body=certificate.public_bytes(encoding),
        content_type=content_type,
        headers=((b"Content-Disposition", f'attachment; filename="{name}"'.encode()),),
    )


def _commands(
    hostname: str, services: Sequence[OfferedService], mode: Mode, user: str
) -> list[str]:
    """Return commands that log in; curl and swaks ask for the password."""
    commands = []
    for protocol in (Service.IMAP, Service.POP3):
        found = setting(services, protocol, mode)
        if found is not None:
            commands.append(_curl(hostname, found, user))
    found = setting(services, Service.SMTP, mode)
    if found is not None:
        tls = {
            Mode.TLS: " --tls-on-connect --tls-verify --tls-ca-path mailauth-ca.pem",
            Mode.STARTTLS: " --tls --tls-verify --tls-ca-path mailauth-ca.pem",
            Mode.PLAIN: "",
        }[mode]
        commands.append(
            f"swaks --server {hostname}:{found.service.port}{tls} --auth PLAIN"
            f" --auth-user {user} --to {user} --quit-after AUTH"
        )
    return commands


def _curl(hostname: str, found: Setting, user: str) -> str:
    scheme = found.service.protocol.value.lower()
    tls = {
        Mode.TLS: "--cacert mailauth-ca.pem ",
        Mode.STARTTLS: "--cacert mailauth-ca.pem --ssl-reqd ",
        Mode.PLAIN: "",
    }[found.mode]
    secure = "s" if found.mode is Mode.TLS else ""
    return f"curl {tls}--user {user} {scheme}{secure}://{hostname}:{found.service.port}/"
