"""How long a client may take (RFC 1939 §3)."""

LOGIN_SECONDS = 180.0  # from the greeting, or from the handshake, to the login
AUTOLOGOUT_SECONDS = 600.0  # of silence after the login; the RFC allows no less
