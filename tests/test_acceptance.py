"""The plugin of `scripts/acceptance`."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

@pytest.mark.skipif(True, reason="sendmail is not installed")
def test_of_a_program(): pass

def test_of_two_programs(): pytest.skip("curl and wget are not installed")

@pytest.mark.skipif(True, reason="only root can be somebody else")
def test_of_root(): pass

@pytest.mark.parametrize("number", range(7))
def test_of_us(number): pass
"""
ROOT = str(Path(__file__).parents[1])


def outcomes(pytester: pytest.Pytester, *options: str) -> dict[str, int]:
    pytester.makepyfile(TESTS)
    pytester.syspathinsert(ROOT)
    run = pytester.runpytest_inprocess("-p", "tests.support.acceptance", *options)
    return run.parseoutcomes()


def test_a_missing_program_fails_and_another_skip_is_counted(pytester: pytest.Pytester) -> None:
    assert outcomes(pytester) == {"failed": 1, "errors": 1, "skipped": 1, "passed": 7}


def test_a_missing_program_can_be_allowed(pytester: pytest.Pytester) -> None:
    assert outcomes(pytester, "--allow-missing") == {"skipped": 3, "passed": 7}


def test_shards_together_are_all_tests(pytester: pytest.Pytester) -> None:
    shards = [outcomes(pytester, "--allow-missing", "--shard", f"{n}/3") for n in (1, 2, 3)]
    ran = [shard.get("passed", 0) + shard.get("skipped", 0) for shard in shards]
    assert sorted(ran) == [3, 3, 4]
    assert sum(shard["deselected"] for shard in shards) == 20


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1"])
def test_an_invalid_shard_is_a_mistake(pytester: pytest.Pytester, shard: str) -> None:
    pytester.syspathinsert(ROOT)
    run = pytester.runpytest_inprocess("-p", "tests.support.acceptance", "--shard", shard)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
