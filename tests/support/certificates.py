"""A CA and a certificate, made once."""

from datetime import UTC, datetime

import pytest

from mailauth.certs.server import Store, prepare
from mailauth.config import TlsConfig


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A CA and a certificate of localhost by it."""
    return prepare(tmp_path_factory.mktemp("home"), "localhost", TlsConfig(), datetime.now(UTC))
