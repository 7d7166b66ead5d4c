"""LOGIN (draft-murchison-sasl-login-00): obsolete, kept because Office clients still send it."""

from mailauth.sasl.exchange import (
    Exchange,
    ExchangeContext,
    MalformedResponse,
    Mechanism,
    PasswordClaim,
)


def login(initial_response: bytes | None, context: ExchangeContext) -> Exchange:
    """Two challenges, for name and password; some clients send the name as initial response."""
    authcid = initial_response if initial_response is not None else (yield b"Username:")
    password = yield b"Password:"
    if not authcid or not password:
        raise MalformedResponse("LOGIN needs a name and a password")
    return PasswordClaim(authcid=authcid, password=password)


LOGIN = Mechanism(name="LOGIN", start=login, sends_secret=True)
