"""HTTP where another protocol is spoken: a page can make a browser send any text to any port.

The request's own lines come first, and by them it is known; what follows is not looked at.
"""

HTTP = frozenset(  # how they begin: methods (RFC 9110 §9, RFC 9113 §3.4), and fields
    {
        *(b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH", b"TRACE"),
        *(b"PRI", b"HOST:", b"USER-AGENT:"),
    }
)
