"""pytest fixtures: a mailauth server for tests of any program that logs in to a mail server.

    def test_my_client_never_sends_the_password_in_the_clear(mailauth):
        my_client.fetch_mail("localhost", mailauth.port("imap", tls="starttls"), *mailauth.user())
        assert mailauth.login().secure
        mailauth.assert_no_exposure()

mailauth is imported, and the server started, only when a test uses a fixture.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailauth.testing import MailAuth


@pytest.fixture(scope="session")
def mailauth_config() -> str:
    """The text of the server's `mailauth.toml` (empty: the demo accounts), to be overridden."""
    return ""


@pytest.fixture(scope="session")
def mailauth_server(mailauth_config: str) -> Iterator[MailAuth]:
    """One server for the whole session, on free ports and in a temporary home."""
    from mailauth.testing import MailAuth

    with MailAuth(mailauth_config) as server:
        yield server


@pytest.fixture
def mailauth(mailauth_server: MailAuth) -> MailAuth:
    """The session's server with an empty record and initial mail, without blocks or faults."""
    mailauth_server.reset()
    return mailauth_server
