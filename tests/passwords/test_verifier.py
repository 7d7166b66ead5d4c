"""Hash checks in threads: bounded, remembered when right, and never in anybody's way."""

import queue
import threading
from collections.abc import Callable, Iterator

import msgspec
import pytest

from mailauth.login.accounts import Account, Accounts
from mailauth.login.secrets import Occasion
from mailauth.passwords.background import PATIENCE, BackgroundChecks
from mailauth.passwords.verifier import (
    BACKGROUND_LIMIT,
    QUEUE_LIMIT,
    REMEMBER_SECONDS,
    HashedSecret,
    Verifier,
)
from mailauth.wire.pending import Pending


class Loop:
    """A reactor of our own: what threads hand over runs when the test says so."""

    def __init__(self) -> None:
        self.calls: queue.Queue[Callable[[], None]] = queue.Queue()
        self.now = 0.0

    def run_one(self) -> None:
        """Run the next call, waiting for it."""
        self.calls.get(timeout=10)()


class Gate:
    """A check that says which password is right, once it is let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.checked: list[bytes] = []

    def __call__(self, password: bytes) -> bool:
        self.open.wait(10)
        self.checked.append(password)
        return password == b"right"


@pytest.fixture
def loop() -> Loop:
    """The reactor's thread."""
    return Loop()


@pytest.fixture
def verifier(loop: Loop) -> Iterator[Verifier]:
    """A verifier of one thread."""
    verifier = Verifier(loop.calls.put, lambda: loop.now, threads=1)
    yield verifier
    verifier.close()


def result(loop: Loop, matched: bool | Pending[bool | None] | None) -> bool | None:
    """Wait for what a check has found."""
    if not isinstance(matched, Pending):
        return matched
    found: list[bool | None] = []
    matched.listen(found.append)
    while not found:
        loop.run_one()
    return found[0]


def test_a_right_password_is_hashed_once_and_remembered(loop: Loop, verifier: Verifier) -> None:
    """A client that logs in every second costs what a plaintext account costs."""
    gate = Gate()
    gate.open.set()
    assert result(loop, verifier.verify(gate, b"hash", b"right", Occasion.LOGIN)) is True
    assert verifier.verify(gate, b"hash", b"right", Occasion.LOGIN) is True
    assert gate.checked == [b"right"]
    loop.now = REMEMBER_SECONDS
    assert isinstance(verifier.verify(gate, b"hash", b"right", Occasion.LOGIN), Pending)


def test_a_wrong_password_is_hashed_every_time(loop: Loop, verifier: Verifier) -> None:
    """What is remembered is never a failure."""
    gate = Gate()
    gate.open.set()
    for _ in range(2):
        assert result(loop, verifier.verify(gate, b"hash", b"wrong", Occasion.LOGIN)) is False
    assert gate.checked == [b"wrong", b"wrong"]


def test_a_changed_hash_remembers_nothing(loop: Loop, verifier: Verifier) -> None:
    """A changed password is asked for at once."""
    gate = Gate()
    gate.open.set()
    assert result(loop, verifier.verify(gate, b"hash", b"right", Occasion.LOGIN)) is True
    assert isinstance(verifier.verify(gate, b"new hash", b"right", Occasion.LOGIN), Pending)


def test_who_is_refused_anyway_is_hashed_every_time(loop: Loop, verifier: Verifier) -> None:
    """A disabled account's right password, and one tried on an unknown name, tell by no time."""
    gate = Gate()
    gate.open.set()
    mary = account(loop, verifier, gate)
    accounts = Accounts([mary])
    assert result(loop, accounts.matches(mary, b"right")) is True
    assert accounts.matches(mary, b"right") is True
    for refused in (None, msgspec.structs.replace(mary, disabled=True)):
        for _ in range(2):
            found = result(loop, accounts.matches(refused, b"right"))
            assert found is (refused is not None)
    assert gate.checked == [b"right"] * 5


def test_checks_that_nobody_waits_for_come_last(loop: Loop, verifier: Verifier) -> None:
    """An exposure check delays no login, and uses no memory of right passwords."""
    gate = Gate()
    found: list[str] = []
    for label, password, occasion in (
        ("first", b"x", Occasion.LOGIN),
        ("background", b"right", Occasion.ASIDE),
        ("second", b"y", Occasion.LOGIN),
    ):
        matched = verifier.verify(gate, b"hash", password, occasion)
        assert isinstance(matched, Pending)
        matched.listen(lambda _, label=label: found.append(label))  # type: ignore[misc]
    gate.open.set()
    while len(found) < 3:
        loop.run_one()
    assert found == ["first", "second", "background"]
    assert isinstance(verifier.verify(gate, b"hash", b"right", Occasion.LOGIN), Pending)


@pytest.mark.parametrize(
    ("occasion", "limit"),
    [
        (Occasion.LOGIN, QUEUE_LIMIT),
        (Occasion.REFUSAL, QUEUE_LIMIT),
        (Occasion.ASIDE, BACKGROUND_LIMIT),
    ],
)
def test_the_queue_is_bounded(verifier: Verifier, occasion: Occasion, limit: int) -> None:
    """One check more than the limit is not taken."""
    gate = Gate()
    verifier.verify(gate, b"hash", b"running", Occasion.LOGIN)
    for number in range(limit):
        password = b"%d" % number
        assert isinstance(verifier.verify(gate, b"hash", password, occasion), Pending)
    assert verifier.verify(gate, b"hash", b"one more", occasion) is None
    gate.open.set()


def test_a_check_that_fails_is_unknown(loop: Loop, verifier: Verifier) -> None:
    """An error in a library is no right password, and no wrong one."""

    def broken(password: bytes) -> bool:
        raise MemoryError

    assert result(loop, verifier.verify(broken, b"hash", b"right", Occasion.LOGIN)) is None


class Clock:
    """Calls that were put off."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, seconds: float, call: Callable[[], None]) -> "Clock":
        """Put off a call."""
        self.due.append((seconds, call))
        return self

    def cancel(self) -> None:
        """Call off the last one."""
        self.due.pop()


def account(loop: Loop, verifier: Verifier, gate: Gate) -> Account:
    """An account whose hash check is the gate."""
    secret = HashedSecret("{SHA}VBPuJHI7uixaa6LQGWx4s+5GKNE=", verifier)
    secret._check = gate
    return Account(name="mary", secret=secret)


def test_an_exposure_check_tells_what_it_found(loop: Loop, verifier: Verifier) -> None:
    """A right password that was refused unchecked is exposed."""
    gate, clock, found = Gate(), Clock(), list[bool | None]()
    checks = BackgroundChecks(clock.call_later)
    gate.open.set()
    checks.check(account(loop, verifier, gate), b"right", found.append)
    drained: list[None] = []
    checks.drained().listen(drained.append)
    assert not drained
    loop.run_one()
    assert found == [True]
    assert drained == [None]
    assert clock.due == []


def test_an_exposure_check_gives_up_after_a_second(loop: Loop, verifier: Verifier) -> None:
    """The record of a refused login waits one second for it, and then says unknown."""
    gate, clock, found = Gate(), Clock(), list[bool | None]()
    checks = BackgroundChecks(clock.call_later)
    checks.check(account(loop, verifier, gate), b"right", found.append)
    [(seconds, give_up)] = clock.due
    assert seconds == PATIENCE == 1.0
    give_up()
    gate.open.set()
    loop.run_one()
    assert found == [None]
