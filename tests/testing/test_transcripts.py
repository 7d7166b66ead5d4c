"""The dialogues that other tests are written in must themselves be able to fail."""

import pytest

from mailauth.login.event import Result, Service
from mailauth.login.hop import Security
from mailauth.testing import (
    Dialogue,
    MemoryRecorder,
    Segments,
    TranscriptError,
    authority,
    play,
    session_for,
)
from tests.support.toy import ToyServer


@pytest.fixture
def recorder() -> MemoryRecorder:
    return MemoryRecorder()


@pytest.fixture(params=Segments)
def toy(recorder: MemoryRecorder, request: pytest.FixtureRequest) -> Dialogue:
    session = session_for(Service.IMAP, authority(recorder))
    return Dialogue(ToyServer(session), session, request.param)


def test_a_dialogue_reads_as_it_is_spoken(toy: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        toy,
        """
        S: HELLO
        C: LOGIN mary wrong
        S: NO
        C: STARTTLS
        S: GO
        <tls>
        C: LOGIN mary secret
        S: IN
        C: QUIT
        S: BYE
        <closed>
    """,
    )
    assert [event.result for event in recorder.attempts] == [
        Result.BAD_CREDENTIALS,
        Result.SUCCESS,
    ]
    assert recorder.logins[0].security is Security.STARTTLS


def test_tls_before_everything_is_implicit(toy: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        toy,
        """
        <tls>
        S: HELLO
        C: LOGIN mary secret
        S: IN
    """,
    )
    assert recorder.logins[0].security is Security.IMPLICIT


def test_pipelined_lines_are_one_segment(toy: Dialogue, recorder: MemoryRecorder) -> None:
    play(
        toy,
        """
        S: HELLO
        C: STARTTLS
        C: LOGIN mary secret
        S: PIPELINED
        <closed>
    """,
    )
    assert recorder.logins == []
    assert recorder.connections[0].reason == "pipelined-behind-starttls (19 bytes)"


def test_partial_lines_and_wildcards_and_base64(toy: Dialogue) -> None:
    play(
        toy,
        """
        S: HEL…
        C- ECHO ab
        C- c b64(\0mary\0secret)
        C: .
        S: abc AG1hcnkAc2VjcmV0.
        C: ECHO AG1hcnkAc2VjcmV0
        S: b64(\0mary\0secret)
    """,
    )


def test_events_other_than_lines(toy: Dialogue) -> None:
    play(
        toy,
        """
        S: HELLO
        <notified>
        S: NEWS
        <timeout>
        S: TIMEOUT
        <closed>
    """,
    )


def test_a_stream_is_followed_by_what_stood_behind_it(toy: Dialogue) -> None:
    toy.connect()
    assert (
        toy.send(b"BIG 2\r\nECHO after\r\n") == (b"x" * 65534 + b"\r\n") * 2 + b"END\r\nafter\r\n"
    )


def test_what_comes_while_a_login_is_pending_waits(toy: Dialogue, recorder: MemoryRecorder) -> None:
    recorder.slow = True
    toy.connect()
    assert toy.send(b"LOGIN mary secret\r\nECHO one\r\n") == b""
    assert toy.waiting
    assert toy.send(b"ECHO two\r\n") == b""
    recorder.release()
    assert toy.output() == b"IN\r\none\r\ntwo\r\n"


@pytest.mark.parametrize(
    "transcript",
    [
        "S: HELLO\nC: ECHO a\nS: b",
        "S: HELLO\nC: ECHO a",
        "S: HELLO\nS: MORE",
        "S: HELLO\nC: QUIT\nS: BYE",
        "S: HELLO\n<closed>",
        "S: HELLO\n<tls>",
        "C: ECHO a\nS: HELLO\nS: a",
        "S: HELLO\nC: QUIT\nS: BYE\nC: ECHO a",
        "S: HELLO\nC: ECHO a\nS: a\nS: b",
    ],
)
def test_another_dialogue_is_an_error(toy: Dialogue, transcript: str) -> None:
    with pytest.raises(TranscriptError):
        play(toy, transcript)


def test_a_typo_in_a_transcript_is_an_error(toy: Dialogue) -> None:
    with pytest.raises(ValueError, match="unknown step in a transcript: X: hello"):
        play(toy, "S: HELLO\nX: hello")
