"""What is tried, and the server that it is tried on."""

from pathlib import Path

import pytest

from mailauth.config import TlsMode, load
from mailauth.kit.gauntlet.cases import MAIL, USER, cases, configuration


@pytest.mark.parametrize("tls", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
def test_every_case_has_a_listener_and_an_account_of_its_own(tls: TlsMode, tmp_path: Path) -> None:
    """Several clients at a time would lock one maildrop, and be turned away (RFC 1939 §4)."""
    tried = cases(MAIL, tls)
    path = tmp_path / "mailauth.toml"
    path.write_text(configuration(tried, "secret words"))
    config = load(path)
    assert {each.name for each in config.user} == {USER, *(case.user for case in tried)}
    assert len(config.user) == len(tried) + 1
    assert [(each.name, each.faults) for each in config.listener[1:]] == [
        (case.listener, () if case.fault is None else (case.fault,)) for case in tried
    ]
    assert {each.password for each in config.user} == {"secret words"}
