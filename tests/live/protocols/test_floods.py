"""Strangers cost little: floods of what they can send, while others log in."""

import pytest

from tools.floods import FLOODS, measure
from tools.floods.flood import Flood


@pytest.mark.parametrize("flood", FLOODS.values(), ids=str)
def test_a_flood_keeps_its_bounds(flood: Flood) -> None:
    """Bounds of what is counted; `scripts/stress` also holds the time of others' logins."""
    measured = measure(flood, 1.5)
    assert measured.exceeded(flood.bounds, quiet=False) == [], measured
