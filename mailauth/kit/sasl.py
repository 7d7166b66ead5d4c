"""The client's side of SASL mechanisms: challenges in, responses out (RFC 4422).

The first value that each yields is empty: the client then waits for the server's first challenge.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Generator, Mapping

from mailauth.sasl.saslprep import Prohibited, saslprep

Responses = Generator[bytes, bytes, None]

MAX_ITERATIONS = 1_000_000  # of a server that wants us to compute forever

_FIRST = re.compile(rb"r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([0-9]{1,9})(?:,.*)?")


class ServerNotProven(Exception):
    """The server did not prove that it knows the password."""


def plain(user: str, password: str) -> Responses:
    """PLAIN (RFC 4616)."""
    yield b""
    yield f"\0{user}\0{password}".encode()


def login(user: str, password: str) -> Responses:
    """LOGIN (draft-murchison-sasl-login-00)."""
    yield b""
    yield user.encode()
    yield password.encode()


def cram_md5(user: str, password: str) -> Responses:
    """CRAM-MD5 (RFC 2195)."""
    challenge = yield b""
    digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
    yield f"{user} {digest}".encode()


def scram(user: str, password: str, hash_name: str, binding: bytes | None) -> Responses:
    """SCRAM (RFC 5802), bound to the server's certificate if `binding` is given."""
    header = b"n,," if binding is None else b"p=tls-server-end-point,,"
    nonce = secrets.token_urlsafe(18)
    name = user.replace("=", "=3D").replace(",", "=2C")
    bare = f"n={name},r={nonce}".encode()
    yield b""
    server_first = yield header + bare
    found = _FIRST.fullmatch(server_first)
    if found is None or not found[1].startswith(nonce.encode()) or int(found[3]) > MAX_ITERATIONS:
        raise ServerNotProven("the server's reply is not a server-first-message of SCRAM")
    salted = hashlib.pbkdf2_hmac(
        hash_name, _prepared(password), base64.b64decode(found[2]), int(found[3])
    )
    without_proof = b"c=%b,r=%b" % (base64.b64encode(header + (binding or b"")), found[1])
    auth_message = b",".join((bare, server_first, without_proof))
    client_key = hmac.digest(salted, b"Client Key", hash_name)
    stored_key = hashlib.new(hash_name, client_key).digest()
    signature = hmac.digest(stored_key, auth_message, hash_name)
    proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
    server_final = yield without_proof + b",p=" + base64.b64encode(proof)
    server_key = hmac.digest(salted, b"Server Key", hash_name)
    expected = b"v=" + base64.b64encode(hmac.digest(server_key, auth_message, hash_name))
    if not hmac.compare_digest(server_final, expected):
        raise ServerNotProven("the server's signature is wrong")
    yield b""


Start = Callable[[str, str, bytes | None], Responses]

MECHANISMS: Mapping[str, Start] = {
    "SCRAM-SHA-256-PLUS": lambda user, password, binding: scram(user, password, "sha256", binding),
    "SCRAM-SHA-1-PLUS": lambda user, password, binding: scram(user, password, "sha1", binding),
    "SCRAM-SHA-256": lambda user, password, _: scram(user, password, "sha256", None),
    "SCRAM-SHA-1": lambda user, password, _: scram(user, password, "sha1", None),
    "CRAM-MD5": lambda user, password, _: cram_md5(user, password),
    "PLAIN": lambda user, password, _: plain(user, password),
    "LOGIN": lambda user, password, _: login(user, password),
}


def begin(mechanism: str, user: str, password: str, binding: bytes | None) -> Responses:
    """Begin an exchange; send it each challenge of the server (the first one may be empty)."""
    responses = MECHANISMS[mechanism](user, password, binding)
    next(responses)
    return responses


def _prepared(password: str) -> bytes:
    try:
        return saslprep(password).encode()
    except Prohibited:
        return password.encode()
