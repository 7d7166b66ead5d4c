"""No answer tells by its words or its time what the client must not learn."""

from collections.abc import Iterator

import pytest

from mailauth.testing import RunningServer
from tools.timing import (
    COMPARISONS,
    FALSE_ALARM_Z,
    WITHOUT_PASSWORDS,
    Comparison,
    compare,
    comparisons,
    server_with,
)

pytestmark = pytest.mark.xdist_group("timing")

PAIRS = {"plain": 250, "scram-sha-256": 100, "argon2id": 32}


@pytest.fixture(scope="module", params=list(PAIRS))
def scheme(request: pytest.FixtureRequest) -> str:
    """How the accounts' passwords are stored."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def server(scheme: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with such accounts."""
    with server_with(tmp_path_factory.mktemp("timing"), scheme) as running:
        yield running


@pytest.mark.parametrize("comparison", [*COMPARISONS, *WITHOUT_PASSWORDS], ids=str)
def test_neither_words_nor_time_tell(
    server: RunningServer, scheme: str, comparison: Comparison
) -> None:
    """A right password from a wrong one where it is refused; an unknown account from a known one.

    That the test can fail: a right password that is remembered takes a thousandth of a hash.
    """
    if comparison not in comparisons(scheme):
        pytest.skip(f"{scheme} does not serve {comparison.mechanism}")
    found = compare(server, comparison, PAIRS[scheme])
    assert len(found.replies) == 1, found.replies
    assert abs(found.z) < FALSE_ALARM_Z, found
