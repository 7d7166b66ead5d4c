"""Channel bindings (RFC 5056): what ties a login to the TLS session that it came through.

There is tls-server-end-point alone. tls-unique (RFC 5929 §3) can be forged without an extended
master secret (RFC 7627 §1), TLS 1.3 has none (RFC 8446 appendix C.5), and the ssl module does not
tell whether a session has that secret; for tls-exporter (RFC 9266) it exports no keying material.
"""

from collections.abc import Mapping

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

_WEAK = (hashes.MD5, hashes.SHA1)


def server_end_point(certificate: x509.Certificate) -> Mapping[str, bytes]:
    """Make tls-server-end-point (RFC 5929 §4.1): the hash of the certificate, by its own hash.

    There is none for a certificate whose signature has no hash of its own, as Ed25519's has not.
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
