"""Detects HTTP on other ports: a web page can make a browser send any text to any port.

A request is recognized by its first lines; the rest of it is ignored.
"""

HTTP = frozenset(  # first words of lines: methods (RFC 9110 §9, RFC 9113 §3.4) and fields
    {
        *(b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH", b"TRACE"),
        *(b"PRI", b"HOST:", b"USER-AGENT:"),
    }
)
