"""SMTP and submission (RFC 5321, RFC 6409), sans-io: a file per command group."""
