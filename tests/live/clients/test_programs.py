"""curl and swaks over every way in: one true line each, and none for what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailauth.login.event import Result
from tests.live.support.clients import curl, swaks
from tests.live.support.programs import Failed
from tests.live.support.watching import Watched
from tests.live.support.ways import HTTP, IMAP, MARY, POP3, SMTP, Access, Way


def curl_logs_in(access: Access) -> None:
    """curl has to be given something to do."""
    curl.get(access, "api/v1/me" if access.way in HTTP else "")


CURL = [*IMAP, *POP3, *HTTP]


@pytest.mark.parametrize("way", CURL, ids=str)
def test_curl(demo: Watched, tmp_path: Path, way: Way) -> None:
    logs_in(demo, tmp_path, way, curl_logs_in)


@pytest.mark.parametrize("way", SMTP, ids=str)
def test_swaks(demo: Watched, tmp_path: Path, way: Way) -> None:
    logs_in(demo, tmp_path, way, swaks.log_in)


def logs_in(demo: Watched, home: Path, way: Way, log_in: Callable[[Access], None]) -> None:
    with pytest.raises(Failed):
        log_in(demo.access(way, home, MARY, "wrong"))
    assert demo.logins() == []
    assert {(event.result, event.security) for event in demo.events()} == {
        (Result.BAD_CREDENTIALS, way.security)
    }
    demo.watch()
    log_in(demo.access(way, home, MARY))
    demo.the_login(way, MARY)
