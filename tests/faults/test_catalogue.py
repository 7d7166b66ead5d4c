"""What is said of the faults is true of all of them."""

from pathlib import Path

import pytest

from mailauth.faults import FAULTS, Fault

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.value)
def test_the_readme_says_what_it_does(fault: Fault) -> None:
    assert f"| `{fault.value}` | {FAULTS[fault].does} |" in README
