"""RESULTS.md: the clients, their verdicts, and the evidence for each bad one."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mailauth.faults import Fault
from mailauth.kit.gauntlet.judging import Verdict
from tests.live.support.ways import Care
from tools.gauntlet.clients import CLIENTS
from tools.gauntlet.running import RULES, Seen

REMARKS = Path(__file__).with_name("REMARKS.md")
CASES = ("no-fault", *(fault.value for fault in Fault))

_SHORT = {
    Verdict.REFUSED: "refused",
    Verdict.SECURE: "secure",
    Verdict.EXPOSED: "**exposed**",
    Verdict.BAD_TLS: "**bad TLS**",
    Verdict.CLEARTEXT: "**no TLS**",
    Verdict.BELIEVED: "**believed**",
    Verdict.UNNOTICED: "**did not notice**",
    Verdict.HUNG: "**hung**",
    Verdict.NO_LOGIN: "**no login**",
    Verdict.NOT_SEEN: "**not seen**",
    Verdict.ATTEMPTED: "**attempted**",
    Verdict.WAITED: "**waits for ever**",
    Verdict.INCONCLUSIVE: "**inconclusive**",
}
_TOLD = {
    Care.FULL: "",
    Care.ANY_SERVER: "told not to verify",
    Care.IF_OFFERED: "told that TLS is optional",
}
_WAYS = [
    (protocol, tls) for protocol in ("IMAP", "POP3", "SMTP") for tls in ("starttls", "implicit")
]

_HEAD = """# Real mail clients in the gauntlet

Written by `scripts/gauntlet-clients`, which runs `mailauth gauntlet` for each client of
`clients.py` and each way in which it begins TLS. "refused" is *refused properly*, "secure" *logged
in securely*; "–" was not tried: with a client that takes any certificate, only what is wrong with
certificates is. **Bold** is what the gauntlet fails a client for; its evidence is below.
"""

_EARLIER = """**Verdicts of earlier rules.** Some clients were tried before the rules of today, and
their verdicts stand as they were given:

- Their `handshake-stall` is *not valid*: the server ended the connection after 30 seconds, before
  the limit of 45 seconds that the client had, so that one that waits for ever looked like one that
  refused.
- "refused" may hide a login that was attempted over bad TLS and failed for another reason; it is
  **attempted** now.
- A client that was there may be "not seen": the record was read when the command ended, and is
  waited for now.
- The case `no-fault` was one among others. It is the control now, and without it all else is
  **inconclusive**; the clients below logged in there, unless their table says otherwise."""


def written(machine: str, versions: Mapping[str, str], seen: Sequence[Seen]) -> str:
    """Write all of it."""
    names = [name for name in CLIENTS if any(each.client == name for each in seen)]
    parts = [_HEAD, _before(names, seen), machine, _versions(names, versions)]
    for protocol, tls in _WAYS:
        there = [each for each in seen if (each.protocol, each.tls) == (protocol, tls)]
        if there:
            parts += [f"## {protocol}, {_begun(tls)}", _table(names, there)]
            parts.append(_evidence(names, there))
    if REMARKS.exists():
        parts.append(REMARKS.read_text("utf-8").strip())
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _before(names: Sequence[str], seen: Sequence[Seen]) -> str:
    """Say whose verdicts were given by earlier rules, and what they are worth."""
    earlier = [name for name in names if any(_is_earlier(each, name) for each in seen)]
    if not earlier:
        return ""
    return _EARLIER + f"\n\nNot tried again yet: {'; '.join(earlier)}."


def _is_earlier(seen: Seen, name: str) -> bool:
    return seen.client == name and seen.rules < RULES


def _begun(tls: str) -> str:
    return "STARTTLS" if tls == "starttls" else "TLS from the first byte"


def _versions(names: Sequence[str], versions: Mapping[str, str]) -> str:
    rows = [[name, versions[name], _TOLD[CLIENTS[name].care]] for name in names]
    return _markdown(["client", "version", ""], rows)


def _table(names: Sequence[str], seen: Sequence[Seen]) -> str:
    verdicts = {(each.client, each.case): _short(each) for each in seen}
    columns = [name for name in names if any(each.client == name for each in seen)]
    rows = [
        [case, *(verdicts.get((name, case), "–") for name in columns)]
        for case in CASES
        if any(each.case == case for each in seen)
    ]
    heads = [
        f"{name} ({told})" if (told := _TOLD[CLIENTS[name].care]) else name for name in columns
    ]
    return _markdown(["case", *heads], rows)


def _short(seen: Seen) -> str:
    """A stalled handshake was ended by the server before any client had to, by earlier rules."""
    if seen.rules < RULES and seen.case == Fault.HANDSHAKE_STALL.value:
        return "not valid"
    return _SHORT[Verdict(seen.verdict)]


def _evidence(names: Sequence[str], seen: Sequence[Seen]) -> str:
    """Say once what the same client was seen to do in several cases."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in sorted(seen, key=lambda each: (names.index(each.client), CASES.index(each.case))):
        if Verdict(each.verdict) not in (Verdict.REFUSED, Verdict.SECURE):
            found.setdefault((each.client, each.verdict, each.evidence), []).append(each.case)
    return "\n".join(
        f"- {client}, {', '.join(cases)}: {verdict}. `{evidence.replace('`', chr(39))}`"
        for (client, verdict, evidence), cases in found.items()
    )


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
