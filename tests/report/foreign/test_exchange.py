"""The POP3 and IMAP4 logs of Exchange, as documentation and samples show them."""

from pathlib import Path

import pytest

from mailauth.report.foreign.detection import formats_in
from mailauth.report.foreign.files import signs_in
from tests.report.foreign.test_calendar import read

HEAD = (
    "#Software: Microsoft Exchange Server\r\n#Log-type: IMAP4 Log\r\n"
    "#Fields: dateTime,sessionId,seqNumber,sIp,cIp,user,duration,rqsize,rpsize,command,"
    "parameters,context,puid\r\n"
)
CLIENT = "192.0.2.10:35070"
STARTTLS = (
    f"2026-11-24T21:28:50.100Z,000000000000000E,1,10.0.0.1:143,{CLIENT},,1,10,20,starttls,,R=OK,"
)


def row(
    command: str = "login",
    parameters: str = "frank@contoso.test *****",
    context: str = "R=OK",
    *,
    port: int = 143,
    user: str = "frank",
    session: str = "000000000000000E",
) -> str:
    return (
        f"2026-11-24T21:28:50.530Z,{session},2,10.0.0.1:{port},{CLIENT},{user},168,31,31,"
        f"{command},{parameters},{context},"
    )


def test_a_login_to_the_port_of_implicit_tls() -> None:
    context = '"R=OK;Msg=""Proxy:EXCH01.contoso.test:1993:SSL;ProxySuccess"""'
    [record] = read([row(context=context, port=993)])
    assert (record.source, record.result) == ("exchange-popimap", "success")
    assert (record.protocol, record.user) == ("IMAP", "frank")
    assert (record.ip, record.port) == ("192.0.2.10", 35070)
    assert (record.secure, record.security, record.local_port) == (True, "implicit", 993)
    assert record.at.isoformat() == "2026-11-24T21:28:50.530000+00:00"


def test_without_any_row_of_starttls_nothing_is_known_of_the_plain_port() -> None:
    [record] = read([row()])
    assert (record.secure, record.exposed) == (None, None)


def test_starttls_is_of_its_session_and_its_absence_is_cleartext_then() -> None:
    with_tls, without = read([STARTTLS, row(), row(session="000000000000000F")])
    assert (with_tls.security, with_tls.exposed) == ("starttls", False)
    assert (without.security, without.exposed) == ("cleartext", True)


@pytest.mark.parametrize(
    ("command", "parameters", "said", "port", "service", "mechanism"),
    [
        (
            "authenticate", "PLAIN", "2 NO AUTHENTICATE failed.",
            143, "IMAP", "PLAIN",
        ),
        (
            "auth", " PLAIN", "-ERR Authentication failure: unknown user name or bad password.",
            110, "POP3", "PLAIN",
        ),
        ("pass", "*****", "-ERR Logon failure", 995, "POP3", "PLAINTEXT"),
    ],
)  # fmt: skip
def test_failures(
    command: str, parameters: str, said: str, port: int, service: str, mechanism: str
) -> None:
    [record] = read([row(command, parameters, f'"R=""{said}"""', port=port)])
    assert record.result == "bad-credentials"
    assert (record.protocol, record.mechanism) == (service, mechanism)


@pytest.mark.parametrize(
    "user", ["a,168,31,31,starttls,,R=OK,", 'a","b', "9.9.9.9:993,10.0.0.1:993,x", '"a']
)
def test_a_name_with_commas_makes_no_record_that_believes_it(user: str) -> None:
    for name in (user, f'"{user.replace(chr(34), chr(34) * 2)}"'):
        for record in read([row(user=name), row(session="000000000000000F")]):
            assert (record.secure, record.ip) == (None, "192.0.2.10")


def test_back_ends_repeat_logins_and_are_passed_over() -> None:
    assert read([row(port=1993), row(port=1995)]) == []


def test_the_format_is_recognised_and_its_sign_found(tmp_path: Path) -> None:
    text = HEAD + STARTTLS + "\r\n" + row() + "\r\n"
    assert [known.name for known in formats_in(text.encode())] == ["exchange-popimap"]
    log = tmp_path / "IMAP42026112421-1.LOG"
    log.write_text(text)
    assert signs_in([log], None) == {"exchange-popimap"}
