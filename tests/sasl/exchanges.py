"""Running a mechanism's exchange against a store of one account, without a connection."""

import hmac
from collections.abc import Mapping

from mailauth.sasl import Claim, Exchange, ExchangeContext, TokenVerdict
from mailauth.sasl.exchange import ScramKeys
from mailauth.sasl.scram import make_keys


class OneAccount:
    """Credentials of a single account."""

    def __init__(self, name: bytes, password: bytes, salt: bytes = b"a salt of 16 oct") -> None:
        self.name = name
        self.password = password
        self.salt = salt

    def shared_secret(self, authcid: bytes) -> bytes:
        """Return the password, or a decoy."""
        return self.password if authcid == self.name else hmac.digest(b"", authcid, "sha256")

    def scram_keys(self, authcid: bytes, hash_name: str) -> ScramKeys:
        """Return keys made of the password, or of a decoy."""
        return make_keys(self.shared_secret(authcid), self.salt, 4096, hash_name)


def context(
    credentials: OneAccount,
    *,
    nonce: str = "nonce",
    hostname: str = "localhost",
    admits: bool = True,
    offered: tuple[str, ...] = (),
    channel_bindings: Mapping[str, bytes] | None = None,
    certificate_names: tuple[str, ...] = (),
    tokens: Mapping[bytes, TokenVerdict] | None = None,
) -> ExchangeContext:
    """Make the context of an exchange; `tokens` are the bearer tokens that are known."""
    unknown = TokenVerdict(user=b"", valid=False, reason="unknown token")
    return ExchangeContext(
        hostname=hostname,
        credentials=credentials,
        nonce=lambda: nonce,
        admits=lambda authcid: admits,
        verify_token=lambda token: (tokens or {}).get(token, unknown),
        offered=offered,
        channel_bindings=channel_bindings or {},
        certificate_names=certificate_names,
    )


def finish(exchange: Exchange, response: bytes | None) -> Claim:
    """Send the last response (`None`: the initial one was enough) and return the claim."""
    try:
        challenge = next(exchange) if response is None else exchange.send(response)
    except StopIteration as stop:
        claim: Claim = stop.value
        return claim
    raise AssertionError(f"the exchange goes on with {challenge!r}")
