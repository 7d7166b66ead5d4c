"""The product: every login, on every port, by Python's own clients, is one true line."""

import pytest

from mailauth.login.event import Result
from tests.live.mail_clients import WAYS, Refused, Way
from tests.live.watching import Watched


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_login_is_exactly_one_right_line(demo: Watched, way: Way) -> None:
    """DESIGN 2.1: service, verdict, account, address and origin."""
    way.log_in(demo.server, way, "mary@mydomain.com", "secret")
    (line,) = demo.logins()
    assert (line.protocol.value, line.secure) == (way.protocol, way.secure)
    assert line.account == "mary@mydomain.com"
    assert (line.address, line.origin) == ("127.0.0.1", "LAN")
    (event,) = demo.events()
    assert event.result is Result.SUCCESS
    assert event.listener == way.listener
    assert event.local_port == demo.port(way.listener)
    assert event.exposed is not way.secure
    assert (event.tls_version == "TLSv1.3") is way.secure
    assert event.tls_sni == ("localhost" if way.secure else None)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("name", "password"),
    [("mary@mydomain.com", "wrong"), ("nobody@mydomain.com", "secret")],
    ids=["wrong-password", "unknown-account"],
)
def test_a_refused_login_is_no_line(demo: Watched, way: Way, name: str, password: str) -> None:
    """DESIGN 2.1: successes only; 2.2: the journal has it."""
    with pytest.raises(Refused):
        way.log_in(demo.server, way, name, password)
    assert demo.logins() == []
    (event,) = demo.events()
    assert event.result is Result.BAD_CREDENTIALS
    assert event.secure is way.secure
