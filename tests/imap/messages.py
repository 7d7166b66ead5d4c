"""Messages to take apart, and strategies that make broken ones."""

from hypothesis import strategies as st


def crlf(text: str) -> bytes:
    """A message written with plain line feeds."""
    return text.replace("\n", "\r\n").encode()


COMPLEX = crlf("""\
Subject: outer
Content-Type: multipart/mixed; boundary=outer

preamble
--outer

one
--outer
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

dHdv
--outer
Content-Type: message/rfc822

Subject: three
Content-Type: multipart/mixed; boundary=three

--three

three-one
--three
Content-Type: application/octet-stream

three-two
--three--
--outer
Content-Type: multipart/mixed; boundary=four

--four
Content-Type: image/gif
X-Note: gif

four-one
--four
Content-Type: message/rfc822

Subject: four-two
Content-Type: multipart/mixed; boundary=in-four

--in-four

four-two-one
--in-four
Content-Type: multipart/alternative; boundary=alternative

--alternative

four-two-two-one
--alternative
Content-Type: text/richtext

four-two-two-two
--alternative--
--in-four--
--four--
--outer--
epilogue
""")
"""The complex message of RFC 9051 §6.4.5.1."""

_LINES = [
    b"",
    b"--a",
    b"--a--",
    b"--b",
    b"--b-- \t",
    b"--",
    b"--\xff",
    b"Content-Type: multipart/mixed; boundary=a",
    b'content-type: multipart/digest; boundary="b"',
    b"Content-Type: multipart/mixed",
    b"Content-Type: message/rfc822",
    b'Content-Type: text/plain; charset="x; y=\\"z',
    b"Content-Type: text/html; charset=utf-16; name*0=a; =; b",
    b"Content-Type: /",
    b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable (why)",
    b"Content-Transfer-Encoding: x-unknown",
    b"Content-Disposition: attachment; filename=a b.txt",
    b"Content-Language: de, en",
    b"Content-Location: \x00",
    b"From: Mary <mary@example.org>, (a (nested) comment",
    b'To: Friends: "a\\"b"@[::1], <@r,@s:m@h>;, =?utf-8?q?caf=C3=A9?= x@y',
    b"Subject: =?utf-8?b?w6k=?= =?iso-2022-jp?q?=1B?= \xe9\x00",
    b"Date: Mon, 7 Feb 1994 21:52:25 -0800 (PST)",
    b" folded",
    b"\tfolded too",
    b"no colon here",
    b"text =20 with=",
    b"dGV4dA=",
    b"\r\r",
]

octets = st.lists(st.sampled_from(_LINES) | st.binary(max_size=30), max_size=40).map(
    lambda lines: b"\r\n".join(lines)
)
"""Octets that look like a message in places."""
