"""Limits: lengths of command lines with their CRLF (RFC 5321 §4.5.3.1.4), counts, time-outs."""

COMMAND_OCTETS = 512
AUTH_OCTETS = 12_288 + 2  # RFC 4954 §4, which does not count the CRLF

_SIZE = 26  # RFC 1870 §3
_BODY = 17  # RFC 6152 §2
_SMTPUTF8 = 10  # RFC 6531 §3.1
_AUTH_PARAMETER = 500  # RFC 4954 §3
_DSN = 500  # RFC 3461 §4: of MAIL, and of RCPT

OCTETS = {
    b"AUTH": AUTH_OCTETS,
    b"MAIL": COMMAND_OCTETS + _SIZE + _BODY + _SMTPUTF8 + _AUTH_PARAMETER + _DSN,
    b"RCPT": COMMAND_OCTETS + _DSN,
}

TRACE_OCTETS = 2_000  # at most, of the trace fields added to a message (RFC 5321 §4.4)
RECIPIENTS = 100  # of one message, RFC 5321 §4.5.3.1.8
ERRORS = 20  # in a row, after which the server closes the connection
PATIENCE_SECONDS = 300.0  # of silence, RFC 5321 §4.5.3.2.7
