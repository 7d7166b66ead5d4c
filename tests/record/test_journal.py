"""LoginAttempts.jsonl: what is written, and what is made of lines that are not ours."""

import contextlib
import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.event import Kind, LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.record.journal import JournalError, Unreadable, decode, encode, read

EVENT = LoginEvent(
    v=1,
    seq=7,
    id="abc-7",
    at=datetime(2020, 7, 28, 16, 12, 2, 759001, tzinfo=ZoneInfo("Europe/Berlin")),
    kind=Kind.LOGIN,
    result=Result.SUCCESS,
    reason=None,
    protocol=Service.IMAP,
    listener="imap",
    local_port=2143,
    session="s",
    secure=True,
    security=Security.STARTTLS,
    tls_version="TLSv1.3",
    tls_cipher="TLS_AES_256_GCM_SHA384",
    tls_sni="localhost",
    tls_alpn=None,
    mechanism="PLAIN",
    user="bob@mydomain.com",
    authcid="bob",
    authzid=None,
    ip="10.11.12.102",
    port=50123,
    peer=None,
    origin="LAN",
    country=None,
    exposed=False,
    client_name="Thunderbird",
    client_version="128",
)


def test_a_record_is_one_flat_object_a_line_with_its_keys_in_order() -> None:
    line = encode(EVENT)
    assert line == (
        b'{"v":1,"seq":7,"id":"abc-7","at":"2020-07-28T16:12:02.759001+02:00","kind":"login",'
        b'"result":"success","reason":null,"protocol":"IMAP","listener":"imap","local_port":2143,'
        b'"session":"s","secure":true,"security":"starttls","tls_version":"TLSv1.3",'
        b'"tls_cipher":"TLS_AES_256_GCM_SHA384","tls_sni":"localhost","tls_alpn":null,'
        b'"mechanism":"PLAIN","user":"bob@mydomain.com","authcid":"bob","authzid":null,'
        b'"ip":"10.11.12.102","port":50123,"peer":null,"origin":"LAN","country":null,'
        b'"exposed":false,"client_name":"Thunderbird","client_version":"128"}\n'
    )


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2020, 7, 28, 16, 12, 2, 0, UTC), "2020-07-28T16:12:02.000000+00:00"),
        (datetime(2020, 7, 28, 16, 12, 2, 5, UTC), "2020-07-28T16:12:02.000005+00:00"),
        (
            datetime(2020, 7, 28, 16, 12, 2, 0, timezone(timedelta(hours=-3, minutes=-30))),
            "2020-07-28T16:12:02.000000-03:30",
        ),
        (
            datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")),
            "2020-10-25T02:30:00.000000+01:00",
        ),
    ],
)
def test_times_always_have_microseconds_and_an_offset(at: datetime, written: str) -> None:
    line = encode(msgspec.structs.replace(EVENT, at=at, authcid=at.isoformat()))
    assert json.loads(line)["at"] == written
    assert json.loads(line)["authcid"] == at.isoformat()
    assert decode(line).at == datetime.fromisoformat(written)


@given(st.text(st.characters(codec=None)), st.text())
def test_whatever_a_client_calls_itself_is_one_valid_line(user: str, client: str) -> None:
    """Lone surrogates, which JSON cannot carry between programs, are percent-encoded."""
    line = encode(msgspec.structs.replace(EVENT, user=user, client_name=client))
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    event = decode(line)
    assert event.client_name == client
    assert event.user is not None
    if not any("\ud800" <= character <= "\udfff" for character in user):
        assert event.user == user


def test_a_lone_surrogate_is_percent_encoded() -> None:
    line = encode(msgspec.structs.replace(EVENT, user="b\udc80b"))
    assert decode(line).user == "b%ED%B2%80b"


UNSEEN = "\x7f\x80\x85\x9b\xad\u061c\u200b\u200e\u202e\u2028\u2029\u2066\ufeff\U000e0041"


@pytest.mark.parametrize("character", UNSEEN)
def test_what_is_not_seen_or_acted_on_is_written_in_escapes(character: str) -> None:
    """Neither `str.splitlines()` nor a terminal finds anything in a record."""
    name = f"a{character}b"
    line = encode(msgspec.structs.replace(EVENT, authcid=name, client_name=name * 2))
    assert character not in line.decode()
    assert len(line.decode().splitlines()) == 1
    assert line.decode().removesuffix("\n").isprintable()
    assert decode(line).authcid == json.loads(line)["authcid"] == name
    assert decode(line).client_name == json.loads(line)["client_name"] == name * 2


def test_what_can_be_seen_is_written_as_it_is() -> None:
    assert "jürgen@例え.jp 😀".encode() in encode(
        msgspec.structs.replace(EVENT, authcid="jürgen@例え.jp 😀")
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_record_never_has_a_control_and_means_the_same(name: str) -> None:
    line = encode(msgspec.structs.replace(EVENT, authcid=name))
    assert decode(line).authcid == json.loads(line)["authcid"] == name
    shown = line.decode().removesuffix("\n")
    assert shown.splitlines() == [shown]
    assert not any(unicodedata.category(each) in ("Cc", "Cf") for each in shown)


def test_keys_that_are_not_known_are_passed_over() -> None:
    line = encode(EVENT).replace(b'"v":1,', b'"v":1,"colour":"blue",')
    assert decode(line) == decode(encode(EVENT))


@pytest.mark.parametrize("line", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"v":1', b"null", b"x" * 100])
def test_what_is_no_record_is_told(line: bytes) -> None:
    with pytest.raises(JournalError):
        decode(line)


@given(st.binary())
def test_the_reader_raises_its_own_error_only(line: bytes) -> None:
    with contextlib.suppress(JournalError):
        decode(line)


def test_torn_and_unknown_lines_are_reported_and_the_others_read() -> None:
    good = encode(EVENT)
    events = list(read([good, b"\n", good.replace(b"success", b"maybe"), good, good[:50]]))
    assert [type(event) for event in events] == [
        LoginEvent,
        Unreadable,
        Unreadable,
        LoginEvent,
        Unreadable,
    ]
    assert [event.number for event in events if isinstance(event, Unreadable)] == [2, 3, 5]
    torn = events[-1]
    assert isinstance(torn, Unreadable)
    assert "torn" in torn.reason


def test_what_is_nested_without_end_is_no_record() -> None:
    """Whoever appends to the file cannot break those who read it."""
    with pytest.raises(JournalError):
        decode(b'{"v":1,"x":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001)
