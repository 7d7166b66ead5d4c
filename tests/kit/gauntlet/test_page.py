"""The page of verdicts."""

from pathlib import Path

from mailauth.config import TlsMode
from mailauth.faults import Fault
from mailauth.kit.gauntlet.cases import Case
from mailauth.kit.gauntlet.judging import Judgement, Verdict
from mailauth.kit.gauntlet.page import write_page


def test_a_row_names_the_case_and_quotes_what_the_client_said(tmp_path: Path) -> None:
    """What comes from a client or from its command is text, never markup."""
    judgement = Judgement(
        Case("pop3", TlsMode.IMPLICIT, Fault.EXPIRED), Verdict.BAD_TLS, "<b>evidence</b>"
    )
    write_page([judgement], "<i>client</i>", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for told in (
        "<td>POP3</td>\n<td>implicit</td>",
        ">expired</td>",
        f'<td class="bad">{Verdict.BAD_TLS.value}</td>',
        "&lt;b&gt;evidence&lt;/b&gt;",
        "&lt;i&gt;client&lt;/i&gt;",
        "1 of 1 cases have problems.",
    ):
        assert told in page
