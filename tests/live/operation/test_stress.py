"""Many clients on one mailbox: each sees what the others do, and all end with the truth."""

from pathlib import Path

import pytest

from tools.stress import STORES, Trial, servers


@pytest.mark.parametrize("store", STORES)
def test_clients_at_once_end_with_the_truth(store: str, tmp_path: Path) -> None:
    """RFC 9051 §5.2; `scripts/stress` does it for longer."""
    with servers(store, tmp_path) as running:
        ports = [server.port("imap") for server in running]
        outcome = Trial(ports, clients=10, seed=2501).run(2.5)
        assert outcome.failures == []
        assert set(outcome.done) > {"append", "store", "copy", "move", "expunge", "fetch", "idle"}
        for server in running:
            assert server.stop() == 0
            assert server.stderr_file.read_text() == ""
