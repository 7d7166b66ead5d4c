"""Paths and parameters: right ones are read, others raise nothing but their own error."""

import contextlib
import re

from hypothesis import given
from hypothesis import strategies as st

from mailauth.smtp.addresses import AddressError, read_path
from mailauth.smtp.parameters import (
    MailParameters,
    Notify,
    RcptParameters,
    mail_parameters,
    rcpt_parameters,
)
from mailauth.smtp.replies import SmtpError


@given(st.one_of(st.binary(max_size=60), st.text('<>@:,."\\[]ax0 é\r\n').map(str.encode)))
def test_what_is_no_path_is_an_address_error(argument: bytes) -> None:
    with contextlib.suppress(AddressError):
        addressed = read_path(argument)
        assert "\n" not in addressed.path.text
        assert "\r" not in addressed.path.text


@given(st.text())
def test_what_are_no_parameters_is_an_smtp_error(text: str) -> None:
    for read in (mail_parameters, rcpt_parameters):
        with contextlib.suppress(SmtpError):
            read(text)


PARAMETERS = st.lists(
    st.tuples(
        st.sampled_from(["SIZE", "BODY", "RET", "ENVID", "NOTIFY", "ORCPT", "AUTH", "SMTPUTF8"]),
        st.one_of(st.none(), st.text('ax0;+,=<>-"é', max_size=9), st.sampled_from(["FULL", "+0A"])),
    ).map(lambda pair: pair[0] if pair[1] is None else "=".join(filter(None, pair))),
    max_size=3,
).map(" ".join)


@given(PARAMETERS)
def test_what_parameters_say_fits_into_a_header(text: str) -> None:
    with contextlib.suppress(SmtpError):
        assert (mail_parameters(text).envelope_id or "").isprintable()
    with contextlib.suppress(SmtpError):
        assert (rcpt_parameters(text).original_recipient or "").isprintable()


def _in_quotes(text: str) -> tuple[str, str]:
    """A quoted string, and what it means."""
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"', text


atext = st.text("abZ09!#$%&'*+/=?^_`{|}~-é", min_size=1, max_size=6)
dot_strings = st.lists(atext, min_size=1, max_size=3).map(".".join)
labels = st.text("abZ09é", min_size=1, max_size=5)
hyphenated = st.tuples(labels, labels).map("-".join)
names = st.lists(st.one_of(labels, hyphenated), min_size=1, max_size=3).map(".".join)
domains = st.one_of(names, st.sampled_from(["[192.0.2.1]", "[IPv6:2001:db8::1]"]))
quoted_texts = st.text('a @."\\<>é', max_size=8)


@given(
    st.one_of(dot_strings.map(lambda text: (text, text)), quoted_texts.map(_in_quotes)),
    domains,
    st.sampled_from(["", " SIZE=1", " SIZE=1 BODY=8BITMIME"]),
    st.sampled_from(["", "@a.example:", "@a.example,@b.example:"]),
)
def test_a_path_that_is_right_is_read(
    local_part: tuple[str, str], domain: str, parameters: str, route: str
) -> None:
    """RFC 5321 §4.1.2, RFC 6531 §3.3: Mailbox = Local-part "@" Domain or address literal."""
    written, meant = local_part
    addressed = read_path(f"<{route}{written}@{domain}>{parameters}".encode())
    assert (addressed.path.local_part, addressed.path.domain) == (meant, domain)
    assert addressed.path.text == f"{written}@{domain}"
    assert addressed.parameters == parameters.strip()


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)


@given(printable, st.integers(0, 10**20 - 1))
def test_parameters_that_are_right_are_read(text: str, size: int) -> None:
    """RFC 3461 §4: xtext comes back as what it stands for; RFC 1870 §4: 20 digits at most."""
    xtext = "".join(f"+{ord(c):02X}" if c in "+=" else c for c in text)
    of_mail = mail_parameters(f"SIZE={size} BODY=8BITMIME ENVID={xtext or 'x'} RET=FULL AUTH=<>")
    assert of_mail == MailParameters(size, smtputf8=False, envelope_id=text or "x")
    of_rcpt = rcpt_parameters(f"ORCPT=rfc822;{xtext} NOTIFY=SUCCESS,DELAY")
    assert of_rcpt == RcptParameters(
        notify=frozenset({Notify.SUCCESS, Notify.DELAY}), original_recipient=f"rfc822;{text}"
    )
