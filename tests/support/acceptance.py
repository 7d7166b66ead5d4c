"""A plugin of pytest for `scripts/acceptance`: what is missing fails, and a run can be a shard.

A test that is skipped because a program is "not installed" has shown nothing.
"""

from collections.abc import Generator

import pytest


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    shard = int(number), int(count)
    if not 1 <= shard[0] <= shard[1]:
        raise ValueError(text)
    return shard


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shard", type=_shard, default=(1, 1), metavar="I/N", help="part I of N")
    parser.addoption("--allow-missing", action="store_true", help="missing programs do not fail")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep every N-th test that is selected otherwise."""
    number, count = config.getoption("shard")
    kept = items[number - 1 :: count]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a failure of a test that was skipped for a missing program."""
    report = yield
    if (
        report.skipped
        and isinstance(report.longrepr, tuple)
        and "not installed" in report.longrepr[2]
        and not item.config.getoption("allow_missing")
    ):
        report.outcome = "failed"
        report.longrepr = report.longrepr[2].removeprefix("Skipped: ")
    return report
