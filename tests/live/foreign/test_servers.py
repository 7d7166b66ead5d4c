"""What is read in the logs of real mail servers, and recorded of them by `mailauth watch`.

Dovecot is tried in short; `scripts/servers`, or `pytest -m acceptance`, tries all of them.
"""

import shutil

import pytest

from tools.servers.__main__ import Result, attempt
from tools.servers.all import SERVERS
from tools.servers.packages import MissingError
from tools.servers.server import Stage


def expect_all_true(result: Result) -> None:
    for stage, tried in result.stages.items():
        for outcome in (tried.read, tried.watched):
            assert outcome.made
            assert outcome.is_good, (stage, outcome)


@pytest.mark.skipif(shutil.which("dovecot") is None, reason="dovecot is not installed")
def test_every_login_to_a_real_dovecot_is_recorded_as_it_was() -> None:
    try:
        result = attempt("dovecot", None, [Stage.BETTER], brief=True)
    except MissingError as error:
        pytest.skip(str(error))
    expect_all_true(result)
    outcome = result.stages[Stage.BETTER].watched
    assert outcome.true == outcome.made == len(SERVERS["dovecot"].doors)


@pytest.mark.acceptance
@pytest.mark.timeout(500)
@pytest.mark.parametrize("name", SERVERS)
def test_every_record_of_a_real_server_is_true(name: str) -> None:
    """In the default log, in the better one, and where cleartext is refused, as its page says."""
    expect_all_true(attempt(name, None, list(Stage)))
