"""The client's side of every SASL mechanism; of SCRAM, by another implementation than ours."""

import base64
import hashlib
import hmac
import ssl
from collections.abc import Callable, Generator

import msgspec
from scramp import ScramClient

Respond = Callable[[bytes], bytes]  # a challenge to its response


class Credentials(msgspec.Struct, frozen=True):
    """Whom a client says it is, and how it proves it."""

    name: str
    password: str = ""
    token: str = ""
    certificate: bytes | None = None  # of the server, where it has shown one


class Row(msgspec.Struct, frozen=True):
    """A mechanism in the matrix.

    `malformed` is the response that does not have its form. `sends_secret`: whoever listens has
    the secret then. `needs_tls`: it is offered on TLS alone.
    """

    client: Callable[[Credentials], Respond]
    malformed: bytes = b"\0"
    sends_secret: bool = False
    needs_tls: bool = False
    needs_certificate: bool = False


def plain(credentials: Credentials) -> Respond:
    """RFC 4616 §2."""
    return lambda _: f"\0{credentials.name}\0{credentials.password}".encode()


def login(credentials: Credentials) -> Respond:
    """draft-murchison-sasl-login-00."""
    answers = {b"Username:": credentials.name, b"Password:": credentials.password}
    return lambda challenge: answers[challenge].encode()


def cram_md5(credentials: Credentials) -> Respond:
    """RFC 2195 §2."""

    def respond(challenge: bytes) -> bytes:
        digest = hmac.new(credentials.password.encode(), challenge, "md5").hexdigest()
        return f"{credentials.name} {digest}".encode()

    return respond


def scram(name: str) -> Callable[[Credentials], Respond]:
    """RFC 5802, RFC 7677, by scramp; the server's signature is verified."""

    def client(credentials: Credentials) -> Respond:
        binding = None
        if name.endswith("-PLUS") and credentials.certificate is not None:
            digest = hashlib.sha256(credentials.certificate).digest()
            binding = ("tls-server-end-point", digest)
        messages = _scram(name, credentials, binding)
        next(messages)
        return messages.send

    return client


def _scram(
    name: str, credentials: Credentials, binding: tuple[str, bytes] | None
) -> Generator[bytes, bytes, None]:
    """Yield the client's messages; where it cannot bind, it pretends to."""
    offered = [name] if binding else [name.removesuffix("-PLUS")]
    client = ScramClient(offered, credentials.name, credentials.password, channel_binding=binding)
    yield b""
    server_first = yield client.get_client_first().encode()
    client.set_server_first(server_first.decode())
    server_final = yield client.get_client_final().encode()
    client.set_server_final(server_final.decode())
    yield b""


def bearer(message: str, last: bytes) -> Callable[[Credentials], Respond]:
    """RFC 7628 §3, or Google's: the message, and what a client sends when it was told an error."""

    def client(credentials: Credentials) -> Respond:
        sent = message.format(name=credentials.name, token=credentials.token).encode()
        return lambda challenge: last if challenge else sent

    return client


def external(credentials: Credentials) -> Respond:
    """RFC 4422 appendix A."""
    return lambda _: b""


ROWS = {
    "PLAIN": Row(plain, sends_secret=True),
    "LOGIN": Row(login, malformed=b"", sends_secret=True),
    "CRAM-MD5": Row(cram_md5),
    "SCRAM-SHA-1": Row(scram("SCRAM-SHA-1")),
    "SCRAM-SHA-256": Row(scram("SCRAM-SHA-256")),
    "SCRAM-SHA-1-PLUS": Row(scram("SCRAM-SHA-1-PLUS"), needs_tls=True),
    "SCRAM-SHA-256-PLUS": Row(scram("SCRAM-SHA-256-PLUS"), needs_tls=True),
    "OAUTHBEARER": Row(
        bearer("n,a={name},\1auth=Bearer {token}\1\1", last=b"\1"), sends_secret=True
    ),
    "XOAUTH2": Row(bearer("user={name}\1auth=Bearer {token}\1\1", last=b""), sends_secret=True),
    "EXTERNAL": Row(external, needs_tls=True, needs_certificate=True),
}


def certificate_of(connection: object) -> bytes | None:
    """The certificate that the server has shown on a connection."""
    return connection.getpeercert(True) if isinstance(connection, ssl.SSLSocket) else None


def encoded(data: bytes) -> str:
    """Base64, as SMTP and POP3 have it on the line."""
    return base64.b64encode(data).decode()
