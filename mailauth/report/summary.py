"""The summary: open cases, cases fixed in the period, and what to do."""

import msgspec

from mailauth.report.advice import advice
from mailauth.report.logs import Logs
from mailauth.report.period import Wanted
from mailauth.report.ports import PortsOf
from mailauth.report.rows import Case, Exposure, Insecure, Share, Totals
from mailauth.report.values import iso


class Advised(msgspec.Struct, frozen=True):
    """A case, and one line of advice."""

    case: Case
    advice: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One screen: open cases, those fixed in the period, and passwords exposed without a case.

    A refused login opens no case, but may still have exposed its password. `networks` are those of
    logins to other servers; `nameless` is the number of addresses from which clients log in
    insecurely to an account that is not named.
    """

    totals: Totals
    open: tuple[Advised, ...]
    fixed: tuple[Advised, ...]
    exposed: tuple[Exposure, ...]
    networks: tuple[Share, ...] = ()
    nameless: int = 0

    @property
    def headline(self) -> str:
        """The number of logins and their period; `verdict` ends the sentence."""
        totals = self.totals
        if totals.first is None or totals.last is None:
            return "Nobody logged in."
        return (
            f"{totals.logins:,} login{_s(totals.logins)} of {totals.accounts:,} "
            f"account{_s(totals.accounts)} from {iso(totals.first)} to {iso(totals.last)}, "
        )

    @property
    def verdict(self) -> str:
        """How secure the logins were."""
        totals = self.totals
        if not (totals.unsecure or totals.unknown):
            return "all SECURE" if totals.logins else ""
        counted = {"UNSECURE": totals.unsecure, "unknown": totals.unknown}
        return ", ".join(
            f"{count:,} {verdict} ({_percent(count, totals.logins)})"
            for verdict, count in counted.items()
            if count
        )

    @property
    def network_lines(self) -> list[str]:
        """How secure the logins from each network were."""
        return [
            f"from {share.label}: "
            + ", ".join(
                f"{count:,} {verdict}"
                for verdict, count in (
                    ("SECURE", share.secure),
                    ("UNSECURE", share.unsecure),
                    ("unknown", share.unknown),
                )
                if count
            )
            for share in self.networks
        ]

    @property
    def to_do(self) -> str:
        """What is left to do, in one sentence."""
        accounts = {advised.case.account for advised in self.open}
        exposed = {
            advised.case.account for advised in self.rows if advised.case.exposed is not False
        } | {exposure.account for exposure in self.exposed}
        parts = []
        if accounts:
            parts.append(f"repoint the clients of {len(accounts)} account{_s(len(accounts))}")
        if exposed:
            parts.append(f"change {len(exposed)} password{_s(len(exposed))}")
        if self.nameless:
            where = f"{self.nameless} address{'' if self.nameless == 1 else 'es'}"
            parts.append(f"find out who logs in from {where} (mailauth report insecure)")
        if self.totals.unknown:
            parts.append("make the log show whether TLS was used (mailauth formats)")
        if not parts:
            return "Nothing to do." if self.totals.logins else "There is nothing to judge yet."
        rehearsal = " Before refusing cleartext, run mailauth report cutoff."
        return f"To do: {' and '.join(parts)}.{rehearsal if accounts else ''}"

    @property
    def rows(self) -> tuple[Advised, ...]:
        """The cases, open ones first."""
        return self.open + self.fixed


def summarize(
    logs: Logs, wanted: Wanted, ports_of: PortsOf, *, by_network: bool = False
) -> Summary:
    """Summarize the logs; `ports_of` returns the ports of a case's server for `advice`."""
    cases = [Advised(case, advice(case, ports_of(case))) for case in logs.rows(Case, wanted)]
    accounts = {advised.case.account for advised in cases}
    return Summary(
        totals=logs.totals(wanted),
        open=tuple(advised for advised in cases if advised.case.open),
        fixed=tuple(advised for advised in cases if not advised.case.open),
        exposed=tuple(
            exposure for exposure in logs.rows(Exposure, wanted) if exposure.account not in accounts
        ),
        networks=tuple(logs.networks(wanted)) if by_network else (),
        nameless=_nameless(logs, wanted) if by_network else 0,
    )


def _nameless(logs: Logs, wanted: Wanted) -> int:
    rows = logs.rows(Insecure, msgspec.structs.replace(wanted, account=""))
    return len({row.address for row in rows if row.open})


def _percent(count: int, of: int) -> str:
    share = 100 * count / of
    return f"{share:.0f} %" if share >= 1 else "under 1 %"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
