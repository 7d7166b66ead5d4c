"""MIME and Internet messages (RFC 5322, RFC 2045 to 2047), parsed as hostile input. Pure."""
