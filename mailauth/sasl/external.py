"""EXTERNAL (RFC 4422 appendix A): the identity comes from the verified client certificate."""

from mailauth.sasl.exchange import (
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    Need,
    ProvenClaim,
)


def external(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """The response is the authzid, or empty to use the name in the certificate."""
    authzid = initial_response if initial_response is not None else (yield b"")
    if b"\0" in authzid:
        raise MalformedResponse("EXTERNAL takes an authorization identity without NUL")
    names = [name.encode() for name in context.certificate_names]
    if not names:
        return ProvenClaim(
            authcid=authzid, proven=False, authzid=authzid, reason="no client certificate"
        )
    authcid = authzid if authzid in names else names[0]
    return ProvenClaim(authcid=authcid, proven=True, authzid=authzid)


EXTERNAL = Mechanism(name="EXTERNAL", start=external, need=Need.CERTIFICATE)
