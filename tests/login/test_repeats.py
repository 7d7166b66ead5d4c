"""What strangers repeat is summed up: nothing is lost, and nobody is written about without end."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.login.event import Attempt, ConnectionFacts, Kind, Result, Service
from mailauth.login.hop import Security
from mailauth.login.repeats import MINUTE, REASONS, SINGLY, Repeats
from mailauth.testing.fakes import FakeClock
from tests.support.attempts import like

FAILURE = Attempt(
    kind=Kind.LOGIN,
    result=Result.BAD_CREDENTIALS,
    reason="wrong password",
    mechanism="PLAIN",
    user="bob@mydomain.com",
    authcid="bob",
    exposed=False,
    client_name="x",
    connection=ConnectionFacts(
        protocol=Service.IMAP,
        listener="imap",
        local_port=2143,
        session="s",
        secure=False,
        security=Security.CLEARTEXT,
        ip="192.0.2.7",
        port=49152,
    ),
)
ENDED = Attempt(
    kind=Kind.CONNECTION,
    reason="no-attempt (CAPABILITY, NOOP)",
    connection=ConnectionFacts(
        protocol=Service.IMAP,
        listener="imap",
        local_port=2143,
        secure=False,
        security=Security.CLEARTEXT,
        ip="192.0.2.7",
    ),
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def repeats(clock: FakeClock) -> Repeats:
    return Repeats(clock)


def many(repeats: Repeats, number: int, attempt: Attempt = FAILURE) -> int:
    """Make so many attempts; return how many of them were counted."""
    return sum(repeats.counts(attempt) for _ in range(number))


def test_what_goes_beyond_twenty_in_a_minute_is_one_record(
    repeats: Repeats, clock: FakeClock
) -> None:
    assert many(repeats, SINGLY) == 0
    assert many(repeats, 1_000) == 1_000
    clock.advance(MINUTE - 1)
    assert repeats.due() == []
    clock.advance(1)
    (summed,) = repeats.due()
    assert summed == Attempt(
        kind=Kind.LOGIN,
        result=Result.BLOCKED,
        reason="repeated",
        exposed=False,
        count=1_000,
        connection=ConnectionFacts(
            protocol=Service.IMAP,
            listener="imap",
            local_port=2143,
            secure=False,
            security=Security.CLEARTEXT,
            ip="192.0.2.7",
        ),
    )
    assert repeats.unwritten == 0
    assert repeats.due() == []


def test_connections_are_summed_with_their_reason(repeats: Repeats, clock: FakeClock) -> None:
    """What clients can vary in a reason, the commands they gave, is left out of it."""
    assert many(repeats, SINGLY, ENDED) == 0
    for number in range(100):
        assert repeats.counts(like(ENDED, reason=f"no-attempt (COMMAND{number})"))
    assert many(repeats, 3, like(ENDED, reason="tls-handshake-failed: unknown ca")) == 3
    clock.advance(MINUTE)
    told = [(one.kind, one.result, one.reason, one.count, one.exposed) for one in repeats.due()]
    assert told == [
        (Kind.CONNECTION, None, "no-attempt", 100, None),
        (Kind.CONNECTION, None, "tls-handshake-failed", 3, None),
    ]


def test_connections_and_attempts_are_counted_apart(repeats: Repeats) -> None:
    assert many(repeats, SINGLY, ENDED) == 0
    assert many(repeats, SINGLY, FAILURE) == 0
    assert many(repeats, 1, ENDED) == many(repeats, 1, FAILURE) == 1


def test_summing_goes_on_while_minutes_are_full(repeats: Repeats, clock: FakeClock) -> None:
    """A flood of an hour is 20 single records and one a minute."""
    single = 0
    sums = []
    for _ in range(3600):
        single += 5 - many(repeats, 5)
        clock.advance(1)
        sums += repeats.due()
    assert single == SINGLY
    assert len(sums) == 60
    assert single + sum(each.count for each in sums) == 3600 * 5


def test_a_minute_with_few_attempts_ends_it(repeats: Repeats, clock: FakeClock) -> None:
    many(repeats, 100)
    clock.advance(MINUTE)
    repeats.due()
    assert many(repeats, 3) == 3
    clock.advance(MINUTE)
    (summed,) = repeats.due()
    assert summed.count == 3
    assert many(repeats, SINGLY) == 0


@pytest.mark.parametrize(
    "attempt",
    [
        like(FAILURE, result=Result.SUCCESS, reason=None),
        like(FAILURE, kind=Kind.CLIENT, result=None),
        like(FAILURE, kind=Kind.ACCOUNT, result=None),
        like(FAILURE, ip=None),
    ],
)
def test_what_is_never_counted(repeats: Repeats, attempt: Attempt) -> None:
    many(repeats, 100)
    assert many(repeats, 100, attempt) == 0


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
    ],
)
def test_an_address_of_ipv6_stands_for_its_64(
    repeats: Repeats, one: str, other: str, together: bool
) -> None:
    many(repeats, SINGLY, like(FAILURE, ip=one))
    assert repeats.counts(like(FAILURE, ip=other)) is together


def test_an_exposed_password_is_written_once_for_account_listener_and_minute(
    repeats: Repeats, clock: FakeClock
) -> None:
    """What is exposed again goes into a sum that names the account: its report counts it."""
    many(repeats, SINGLY + 1)
    exposed = like(FAILURE, exposed=True)
    assert many(repeats, 10, exposed) == 9
    assert many(repeats, 10, like(exposed, user="mary@mydomain.com")) == 9
    assert many(repeats, 10, like(exposed, listener="pop3")) == 9
    clock.advance(MINUTE)
    told = Counter(
        {(one.user, one.connection.listener, one.exposed): one.count for one in repeats.due()}
    )
    assert told == {
        (None, "imap", False): 1,
        ("bob@mydomain.com", "imap", True): 9,
        ("mary@mydomain.com", "imap", True): 9,
        ("bob@mydomain.com", "pop3", True): 9,
    }
    assert many(repeats, 10, exposed) == 9  # once more in the next minute


def test_an_exposed_password_that_was_written_singly_is_not_written_again(
    repeats: Repeats,
) -> None:
    exposed = like(FAILURE, exposed=True)
    assert many(repeats, SINGLY, exposed) == 0
    assert many(repeats, 5, exposed) == 5


def test_a_sum_with_what_could_not_be_checked_does_not_say_that_nothing_was_exposed(
    repeats: Repeats, clock: FakeClock
) -> None:
    many(repeats, SINGLY + 1)
    many(repeats, 1, like(FAILURE, exposed=None))
    many(repeats, 1)
    clock.advance(MINUTE)
    (summed,) = repeats.due()
    assert (summed.count, summed.exposed) == (3, None)


def test_a_sum_is_about_one_listener_and_one_state_of_tls(
    repeats: Repeats, clock: FakeClock
) -> None:
    many(repeats, SINGLY)
    many(repeats, 2)
    many(repeats, 3, like(FAILURE, secure=True, security=Security.STARTTLS))
    many(repeats, 4, like(FAILURE, listener="pop3", protocol=Service.POP3, local_port=2110))
    clock.advance(MINUTE)
    told = [
        (one.connection.listener, one.connection.local_port, one.connection.secure, one.count)
        for one in repeats.due()
    ]
    assert told == [("imap", 2143, False, 2), ("imap", 2143, True, 3), ("pop3", 2110, False, 4)]


def test_a_sum_names_its_cause_whole(repeats: Repeats, clock: FakeClock) -> None:
    many(repeats, SINGLY, ENDED)
    believed = like(ENDED, reason="went on in the clear behind PREAUTH: SELECT")
    assert many(repeats, 2, believed) == 2
    clock.advance(MINUTE)
    assert [one.reason for one in repeats.due()] == ["went on in the clear behind PREAUTH"]


def test_reasons_of_connections_are_bounded(repeats: Repeats, clock: FakeClock) -> None:
    many(repeats, SINGLY, ENDED)
    for number in range(1_000):
        repeats.counts(like(ENDED, listener=f"imap{number}"))
    clock.advance(MINUTE)
    sums = repeats.due()
    assert len(sums) == REASONS + 1
    assert sum(each.count for each in sums) == 1_000
    assert (sums[-1].connection.listener, sums[-1].reason) == (None, "repeated")


def test_addresses_beyond_the_table_are_summed_together(clock: FakeClock) -> None:
    repeats = Repeats(clock, addresses=3)
    for number in range(10):
        assert repeats.counts(like(FAILURE, ip=f"192.0.2.{number}")) is (number >= 3)
    clock.advance(MINUTE)
    (summed,) = repeats.due()
    assert (summed.connection.ip, summed.connection.listener, summed.count) == (None, "imap", 7)
    assert not repeats.counts(like(FAILURE, ip="192.0.2.99"))


def test_single_records_of_all_addresses_are_bounded(clock: FakeClock) -> None:
    repeats = Repeats(clock, in_all=10)
    for number in range(30):
        assert repeats.counts(like(FAILURE, ip=f"192.0.2.{number}")) is (number >= 10)
    clock.advance(MINUTE)
    assert sum(each.count for each in repeats.due()) == 20
    assert not repeats.counts(like(FAILURE, ip="192.0.2.99"))


def test_whoever_asks_is_told_in_the_midst_of_a_minute(repeats: Repeats, clock: FakeClock) -> None:
    many(repeats, SINGLY + 5)
    assert [each.count for each in repeats.pending()] == [5]
    assert repeats.pending() == []
    assert many(repeats, 2) == 2
    clock.advance(MINUTE)
    assert [each.count for each in repeats.due()] == [2]


def test_what_could_not_be_written_is_due_again(repeats: Repeats) -> None:
    many(repeats, SINGLY + 5)
    (summed,) = repeats.pending()
    repeats.give_back(summed)
    assert repeats.unwritten == 5
    assert repeats.due() == [summed]
    assert repeats.unwritten == 0


def test_sums_that_cannot_be_written_for_long_become_one(clock: FakeClock) -> None:
    """A disk that stays full does not fill the memory."""
    repeats = Repeats(clock, addresses=50)
    for minute in range(200):
        for number in range(10):
            many(repeats, SINGLY + 5, like(FAILURE, ip=f"10.0.{minute}.{number}"))
        clock.advance(MINUTE)
        for each in repeats.due():
            repeats.give_back(each)
    sums = repeats.due()
    assert len(sums) == 51
    assert sum(each.count for each in sums) == 200 * 10 * 5
    assert sums[-1].connection.ip is None


def test_a_minute_of_many_addresses_is_ended_bit_by_bit(clock: FakeClock) -> None:
    repeats = Repeats(clock)
    for number in range(100):
        many(repeats, SINGLY + 2, like(FAILURE, ip=f"10.0.0.{number}"))
    clock.advance(MINUTE)
    taken = [len(repeats.due(30)) for _ in range(5)]
    assert taken == [30, 30, 30, 10, 0]
    assert repeats.unwritten == 0


def test_to_forget_loses_nothing(repeats: Repeats) -> None:
    many(repeats, SINGLY + 5)
    repeats.forget()
    assert many(repeats, SINGLY) == 0
    assert [each.count for each in repeats.due()] == [5]


def test_the_table_is_empty_when_nobody_repeats_anything(clock: FakeClock) -> None:
    repeats = Repeats(clock)
    for number in range(1_000):
        repeats.counts(like(FAILURE, ip=f"10.0.{number >> 8}.{number & 255}"))
    clock.advance(MINUTE)
    repeats.due()
    assert not repeats._windows


_ATTEMPTS = st.builds(
    like,
    st.sampled_from([FAILURE, ENDED]),
    ip=st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:1::1"]),
    listener=st.sampled_from(["imap", "pop3"]),
    exposed=st.sampled_from([True, False, None]),
)
_STEPS = st.one_of(
    st.tuples(_ATTEMPTS, st.integers(1, 40)),
    st.floats(0, 200),
    st.sampled_from(["due", "pending", "forget", "fail"]),
)


@given(st.lists(_STEPS, max_size=60), st.integers(1, 4), st.integers(1, 60))
def test_every_attempt_is_written_once_singly_or_in_a_sum(
    steps: list[tuple[Attempt, int] | float | str], addresses: int, in_all: int
) -> None:
    """Whatever happens in whatever order, also when the disk is full for a while."""
    clock = FakeClock()
    repeats = Repeats(clock, singly=3, addresses=addresses, in_all=in_all)
    made: Counter[Kind] = Counter()
    written: Counter[Kind] = Counter()
    exposed_in_sums: set[tuple[str | None, str | None]] = set()
    exposed_singly: set[tuple[str | None, str | None]] = set()
    for step in steps:
        sums: list[Attempt] = []
        match step:
            case (Attempt() as attempt, int(number)):
                for _ in range(number):
                    made[attempt.kind] += 1
                    if not repeats.counts(attempt):
                        written[attempt.kind] += 1
                        if attempt.exposed:
                            exposed_singly.add((attempt.user, attempt.connection.listener))
            case float(seconds):
                clock.advance(seconds)
            case "due":
                sums = repeats.due()
            case "pending":
                sums = repeats.pending(2)
            case "forget":
                repeats.forget()
            case _:
                for each in repeats.pending():
                    repeats.give_back(each)
        for each in sums:
            assert each.count > 0
            written[each.kind] += each.count
            if each.exposed:
                exposed_in_sums.add((each.user, each.connection.listener))
        assert sum(made.values()) == sum(written.values()) + repeats.unwritten
    for each in repeats.pending():
        written[each.kind] += each.count
        if each.exposed:
            exposed_in_sums.add((each.user, each.connection.listener))
    assert made == written
    assert repeats.unwritten == 0
    assert exposed_in_sums <= exposed_singly
