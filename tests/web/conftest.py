"""What tests of the HTTP service stand on."""

from collections.abc import Iterator

import pytest

from tests.web.browser import Browser, Server


@pytest.fixture(autouse=True)
def _closed_reports() -> Iterator[None]:
    """The logs that a test has asked are closed behind it: DuckDB complains of what is left."""
    yield
    while Server.made:
        Server.made.pop().reports.close()


@pytest.fixture
def server() -> Server:
    """A server with the demo accounts and an administrator."""
    return Server()


@pytest.fixture
def browser(server: Server) -> Browser:
    """A visitor without TLS."""
    return Browser(server)
