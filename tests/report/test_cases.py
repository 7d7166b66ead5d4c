"""Bob's story: when a case opens, and when it counts as fixed (DESIGN 4)."""

from datetime import datetime, timedelta
from pathlib import Path

from mailauth.login.event import Kind, Service
from mailauth.report.period import Wanted
from mailauth.report.rows import Case, Insecure
from tests.support.asking import of_directory, of_files
from tests.support.writing import BOB, START, Story

GOLDEN = Path(__file__).parents[1] / "golden"
OPENED = datetime(2020, 7, 28, 16, 12, 2, 759000)
FIXED = datetime(2020, 7, 28, 16, 42, 2, 759000)


def after_the_fix(tmp_path: Path) -> Path:
    """The sample of Xeams, and the last line of what came after bob's client was fixed."""
    first = (GOLDEN / "xeams-first.log").read_bytes()
    last = (GOLDEN / "xeams-after-fix.log").read_bytes().splitlines(keepends=True)[-1]
    path = tmp_path / "xeams.log"
    path.write_bytes(first + last)
    return path


def test_bobs_case_is_open_in_the_sample_of_xeams() -> None:
    [case] = of_files(Case, GOLDEN / "xeams-first.log")
    assert case.account == BOB
    assert case.service is Service.IMAP
    assert (case.open, case.opened, case.fixed, case.time_to_fix) == (True, OPENED, None, None)
    assert (case.unsecure, case.reopened, case.address) == (1, 0, "10.11.12.102")


def test_bobs_case_is_fixed_by_the_last_line(tmp_path: Path) -> None:
    [case] = of_files(Case, after_the_fix(tmp_path))
    assert (case.open, case.opened, case.fixed) == (False, OPENED, FIXED)
    assert case.time_to_fix == 30 * 60


def test_a_secure_login_to_another_service_fixes_nothing() -> None:
    """Bob's HTTPS login of the sample comes after his IMAP one in the clear."""
    [insecure] = of_files(Insecure, GOLDEN / "xeams-first.log")
    assert insecure.service is Service.IMAP
    assert insecure.open
    assert insecure.last_secure is None


def test_insecure_says_that_it_was_fixed_since(tmp_path: Path) -> None:
    day = Wanted(until=datetime(2020, 7, 28, 16, 30))
    [insecure] = of_files(Insecure, after_the_fix(tmp_path), wanted=day)
    assert not insecure.open
    assert (insecure.first, insecure.last, insecure.count) == (OPENED, OPENED, 1)
    assert insecure.last_secure == FIXED


def test_two_files_that_overlap_count_each_login_once() -> None:
    [case] = of_files(Case, GOLDEN / "xeams-after-fix.log", GOLDEN / "xeams-first.log")
    assert (case.unsecure, case.fixed) == (1, FIXED)


def test_an_unsecure_login_after_the_fix_reopens_the_case(story: Story) -> None:
    story.login(secure=True)
    story.login()
    story.login(secure=True)
    story.login()
    story.login()
    [case] = of_directory(Case, story.lines.parent)
    assert case.open
    assert case.fixed is None
    assert case.reopened == 1
    assert case.unsecure == 3
    assert case.opened == START.replace(tzinfo=None, minute=1)


def test_a_case_fixed_again_was_opened_at_its_first_unsecure_login(story: Story) -> None:
    story.login()
    story.login(secure=True)
    story.login()
    story.wait(hours=1)
    story.login(secure=True)
    story.login(secure=True)
    [case] = of_directory(Case, story.lines.parent)
    assert not case.open
    assert case.reopened == 1
    assert case.time_to_fix == 63 * 60
    assert case.fixed == START.replace(tzinfo=None, hour=10, minute=3)


def test_another_account_and_another_service_are_cases_of_their_own(story: Story) -> None:
    story.login()
    story.login(service="POP3")
    story.login("mary@mydomain.com")
    story.login(secure=True)
    cases = of_directory(Case, story.lines.parent)
    assert [(case.account, case.service.value, case.open) for case in cases] == [
        ("mary@mydomain.com", "IMAP", True),
        (BOB, "POP3", True),
        (BOB, "IMAP", False),
    ]


def test_a_period_shows_the_cases_that_were_open_in_it(story: Story) -> None:
    story.login("early@mydomain.com")
    story.login("early@mydomain.com", secure=True)
    story.wait(days=1)
    story.login()
    story.wait(days=1)
    story.login("late@mydomain.com")
    day = START.replace(tzinfo=None)
    second = Wanted(since=day.replace(day=24, hour=0), until=day.replace(day=25, hour=0))
    assert [case.account for case in of_directory(Case, story.lines.parent, second)] == [BOB]


def test_the_journal_says_with_which_client_and_on_which_port(story: Story) -> None:
    story.login(client_name="Thunderbird", client_version="153")
    [case] = of_directory(Case, story.lines.parent)
    assert (case.listener, case.port, case.client) == ("imap", 2143, "Thunderbird 153")
    assert case.exposed is True


def test_the_hour_that_the_zone_repeats_is_told_in_its_order(tmp_path: Path) -> None:
    """Readers take the second pass as the later one (DESIGN 2.1)."""
    path = tmp_path / "autumn.log"
    path.write_text(
        "2026-10-25 02:50:00,000 - [IMAP] {UNSECURE} - bob - 10.0.0.1 (LAN)\n"
        "2026-10-25 02:10:00,000 - [IMAP] {SECURE} - bob - 10.0.0.1 (LAN)\n"
    )
    [case] = of_files(Case, path)
    assert not case.open
    assert case.time_to_fix == 0  # the line does not tell how long it was; never less than nothing


def test_the_journal_knows_how_long_the_repeated_hour_was(story: Story) -> None:
    story.login()
    story.set_clocks_back(timedelta(hours=1))
    story.wait(minutes=19)
    story.login(secure=True)
    [case] = of_directory(Case, story.lines.parent)
    assert case.fixed is not None
    assert case.fixed < case.opened
    assert case.time_to_fix == 20 * 60


def test_insecure_tells_clients_apart_by_name_else_by_address(story: Story) -> None:
    story.login(client_name="Thunderbird", client_version="152")
    story.login(client_name="Thunderbird", client_version="153", ip="10.11.12.103")
    story.login(ip="10.11.12.104")
    story.login(ip="10.11.12.105")
    rows = of_directory(Insecure, story.lines.parent)
    assert [(row.client, row.address, row.count) for row in rows] == [
        (None, "10.11.12.105", 1),
        (None, "10.11.12.104", 1),
        ("Thunderbird 153", "10.11.12.103", 2),
    ]


def test_a_client_that_names_itself_after_its_login_is_known(story: Story) -> None:
    login = story.login()
    story.event(
        Kind.CLIENT, user=BOB, session=login.session, client_name="K-9 Mail", client_version="8"
    )
    [row] = of_directory(Insecure, story.lines.parent)
    assert row.client == "K-9 Mail 8"
