"""How long a client may be silent (RFC 9051 §5.4)."""

LOGIN_SECONDS = 180.0  # from the greeting, or from the handshake, to the login
AUTOLOGOUT_SECONDS = 1800.0  # of silence after the login
