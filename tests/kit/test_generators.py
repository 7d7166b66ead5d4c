"""Generated scenarios: what should be found in them is found, by the server and by the reports."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from mailauth.config import ConfigError
from mailauth.kit.findings import Finding, FindingKind, findings
from mailauth.kit.generators import GENERATORS
from mailauth.kit.library import load
from mailauth.login.event import Kind, LoginEvent, Result
from mailauth.record import journal
from mailauth.record.line import parse_line
from mailauth.report.rows import Case, Country, Exposure
from tests.support.asking import of_directory
from tests.support.commands import mailauth

pytestmark = pytest.mark.xdist_group("generators")

SEED = 11


class Played:
    """The logs of a scenario that was played, and what should be found in them."""

    def __init__(self, name: str, home: Path) -> None:
        expected = home / "findings.json"
        played = mailauth(
            *("replay", name, "--seed", str(SEED), "--days", "2"),
            *("--home", str(home), "--findings", str(expected)),
        )
        assert played.returncode == 0, played.stderr
        self.logs = home / "logs"
        self.scenario = load(name, SEED, 2)
        self.expected = msgspec.json.decode(expected.read_bytes(), type=list[Finding])

    def found(self, kind: FindingKind) -> list[Finding]:
        return [finding for finding in self.expected if finding.kind is kind]

    def attempts(self) -> list[LoginEvent]:
        with (self.logs / "LoginAttempts.jsonl").open("rb") as file:
            records = list(journal.read(file))
        events = [record for record in records if isinstance(record, LoginEvent)]
        return [event for event in events if event.kind is Kind.LOGIN]


@pytest.fixture(scope="module", params=GENERATORS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(request.param, tmp_path_factory.mktemp("home"))


def local(at: datetime | None) -> datetime | None:
    """A time as the log prints it: the scenarios are in UTC."""
    return at.replace(tzinfo=None) if at is not None else None


def test_every_login_stands_in_the_log_at_its_time(played: Played) -> None:
    lines = (played.logs / "SuccessfulLogins.log").read_text("utf-8").splitlines()
    times = [parse_line(line).time for line in lines]
    succeeded = [event for event in played.attempts() if event.result is Result.SUCCESS]
    assert times == sorted(times)
    assert len(lines) == len(succeeded)
    assert len(played.attempts()) == len(played.scenario.login)
    assert set(times) <= {local(login.at) for login in played.scenario.login}


def test_the_report_finds_the_cases(played: Played) -> None:
    assert {
        (case.account, case.service.value.lower(), case.opened, case.fixed, case.unsecure)
        for case in of_directory(Case, played.logs)
    } == {
        (
            found.user,
            found.service,
            local(found.at),
            local(found.fixed),
            found.count,
        )
        for found in played.found(FindingKind.CASE)
    }


def test_the_report_finds_the_exposures(played: Played) -> None:
    first: dict[str, datetime] = {}
    for row in of_directory(Exposure, played.logs):
        first[row.account] = min(row.first, first.get(row.account, row.first))
    assert first == {found.user: local(found.at) for found in played.found(FindingKind.EXPOSURE)}


def test_the_report_finds_who_was_seen_in_which_country_first(played: Played) -> None:
    assert {
        (row.account, row.country, row.first)
        for row in of_directory(Country, played.logs)
        if row.country != "LAN"
    } == {
        (found.user, found.country, local(found.at))
        for found in played.found(FindingKind.NEW_COUNTRY)
    }


def test_the_server_blocks_whom_it_should(played: Played) -> None:
    failed = Counter(event.ip for event in played.attempts() if event.result is not Result.SUCCESS)
    blocked = Counter(event.ip for event in played.attempts() if event.result is Result.BLOCKED)
    assert failed == {each.address: each.count for each in played.found(FindingKind.FAILURES)}
    assert blocked == {each.address: each.count for each in played.found(FindingKind.BLOCKED)}


def kinds(name: str) -> set[FindingKind]:
    return {finding.kind for finding in findings(load(name, SEED))}


def test_each_has_what_it_is_about() -> None:
    assert {FindingKind.CASE, FindingKind.EXPOSURE} <= kinds("office-day")
    assert {FindingKind.BLOCKED, FindingKind.NEW_COUNTRY} <= kinds("password-spray")
    assert {FindingKind.IMPOSSIBLE_TRAVEL, FindingKind.NEW_COUNTRY} <= kinds("travelling-user")
    cases = [
        found
        for found in findings(load("migration-to-tls", SEED))
        if found.kind is FindingKind.CASE
    ]
    assert {case.fixed is None for case in cases} == {True, False}


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("days", [1, 2, 30])
def test_the_same_seed_makes_the_same_scenario(name: str, days: int) -> None:
    once, again, other = load(name, 1, days), load(name, 1, days), load(name, 2, days)
    assert once == again
    assert once != other
    times = [login.at for login in once.login]
    assert times == sorted(set(times))


def test_a_file_is_not_generated() -> None:
    with pytest.raises(ConfigError, match="--days and --seed apply to office-day"):
        load("xeams-first", 0, 3)


def test_the_readme_says_what_each_is_about() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    for name, generator in GENERATORS.items():
        assert f"| `{name}` | {generator.about} |" in readme
