"""Results that are not there yet."""

import pytest

from mailauth.wire.pending import Pending, then


def double(value: int) -> int:
    return 2 * value


def test_whoever_asked_before_or_after_is_told() -> None:
    pending: Pending[int] = Pending()
    told: list[tuple[str, int]] = []
    pending.listen(lambda value: told.append(("first", value)))
    pending.listen(lambda value: told.append(("second", value)))
    assert told == []
    pending.resolve(7)
    pending.listen(lambda value: told.append(("late", value)))
    assert told == [("first", 7), ("second", 7), ("late", 7)]


def test_none_is_a_value() -> None:
    pending: Pending[None] = Pending()
    told: list[None] = []
    pending.resolve(None)
    pending.listen(told.append)
    assert told == [None]


def test_a_value_is_set_once() -> None:
    pending: Pending[int] = Pending()
    pending.resolve(1)
    with pytest.raises(AssertionError, match="resolved twice"):
        pending.resolve(2)


def test_a_step_on_a_value_is_taken_at_once() -> None:
    assert then(3, double) == 6


def test_a_step_on_a_pending_value_is_taken_when_it_comes() -> None:
    pending: Pending[int] = Pending()
    result = then(pending, double)
    assert isinstance(result, Pending)
    told: list[int] = []
    result.listen(told.append)
    pending.resolve(3)
    assert told == [6]


def test_steps_that_are_pending_themselves_are_waited_for() -> None:
    first: Pending[int] = Pending()
    second: Pending[int] = Pending()

    def second_of(value: int) -> Pending[int]:
        return second

    result = then(then(first, second_of), double)
    assert isinstance(result, Pending)
    told: list[int] = []
    result.listen(told.append)
    first.resolve(0)
    assert told == []
    second.resolve(21)
    assert told == [42]


def test_a_step_may_ask_the_pending_value_for_more() -> None:
    """Whoever listens while the others are being told is told too."""
    pending: Pending[int] = Pending()
    told: list[int] = []
    pending.listen(lambda value: pending.listen(told.append))
    pending.resolve(5)
    assert told == [5]
