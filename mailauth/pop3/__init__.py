"""POP3 (RFC 1939, RFC 2449), sans-io: one file per state, and a table of commands."""
