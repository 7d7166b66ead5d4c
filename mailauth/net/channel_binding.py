"""Channel bindings (RFC 5056), which tie a login to its TLS session.

A TLS 1.3 session has tls-server-end-point (RFC 5929 §4) and tls-exporter (RFC 9266). An older one
has none: clients would use tls-unique (RFC 5929 §3), which can be forged without an extended master
secret (RFC 7627 §1).
"""

import hashlib
import hmac
import struct
from collections.abc import Iterator, Mapping

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

_WEAK = (hashes.MD5, hashes.SHA1)

_EXPORTER = "tls-exporter"
_EXPORTER_OCTETS = 32  # RFC 9266 §2


def server_end_point(certificate: x509.Certificate) -> Mapping[str, bytes]:
    """Return tls-server-end-point (RFC 5929 §4.1): the certificate, hashed with its own hash.

    There is none if the certificate's signature has no such hash, as with Ed25519.
    """
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return {}
    if algorithm is None:
        return {}
    if isinstance(algorithm, _WEAK):
        algorithm = hashes.SHA256()
    return {"tls-server-end-point": certificate.fingerprint(algorithm)}


class WithExporter(Mapping[str, bytes]):
    """These bindings, and tls-exporter (RFC 9266 §2) of a TLS 1.3 session (RFC 8446 §7.5).

    tls-exporter is derived only on request, since very few clients need it.
    """

    def __init__(
        self, bindings: Mapping[str, bytes], exporter_secret: bytes, hash_name: str
    ) -> None:
        self._bindings = bindings
        self._secret = exporter_secret
        self._hash_name = hash_name

    def __getitem__(self, kind: str) -> bytes:
        if kind != _EXPORTER:
            return self._bindings[kind]
        nothing = hashlib.new(self._hash_name).digest()
        derived = _expand_label(
            self._secret, b"EXPORTER-Channel-Binding", nothing, len(nothing), self._hash_name
        )
        return _expand_label(derived, b"exporter", nothing, _EXPORTER_OCTETS, self._hash_name)

    def __iter__(self) -> Iterator[str]:
        yield from self._bindings
        yield _EXPORTER

    def __len__(self) -> int:
        return len(self._bindings) + 1


def _expand_label(secret: bytes, label: bytes, context: bytes, octets: int, name: str) -> bytes:
    """HKDF-Expand-Label (RFC 8446 §7.1), for lengths up to that of one hash."""
    label = b"tls13 " + label
    info = struct.pack("!HB", octets, len(label)) + label + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", name)[:octets]
