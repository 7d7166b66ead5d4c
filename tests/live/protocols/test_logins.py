"""The product: every login, on every port, by Python's own clients, is one true line."""

import pytest

from tests.live.support.mail_clients import Refused, log_in
from tests.live.support.watching import Watched
from tests.live.support.ways import MARY, PASSWORD, WAYS, Way


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_login_is_exactly_one_right_line(demo: Watched, way: Way) -> None:
    """DESIGN 2.1: service, verdict, account, address and origin."""
    log_in(demo.server, way, MARY, PASSWORD)
    assert demo.the_login(way, MARY).exposed is not way.secure


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("name", "password"),
    [(MARY, "wrong"), ("nobody@mydomain.com", PASSWORD)],
    ids=["wrong-password", "unknown-account"],
)
def test_a_refused_login_is_no_line(demo: Watched, way: Way, name: str, password: str) -> None:
    """DESIGN 2.1: successes only; 2.2: the journal has it."""
    with pytest.raises(Refused):
        log_in(demo.server, way, name, password)
    demo.the_refusal(way)
