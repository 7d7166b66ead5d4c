"""Runs the gauntlet for a client, in one way in which it begins TLS."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from mailauth.config import TlsMode
from mailauth.faults import FAULTS, FaultKind
from tests.live.support.ways import Care
from tools.gauntlet.clients import CLIENTS, Client

WORDS = 200  # characters of evidence
RULES = 2  # of judging; see `report`

_PATH = re.compile(r"(?:/[\w.@+-]+)*/(?=[\w.@+-]+)")
_CHANGING = re.compile(r"0x[0-9a-f]{6,}|[0-9A-F]{12,}|(?<=localhost:)\d+|gauntlet-\w+")


class Seen(msgspec.Struct, frozen=True):
    """How a client took a case."""

    client: str
    protocol: str
    tls: str
    case: str
    verdict: str
    evidence: str
    rules: int = 1  # those that it was judged by


def ways(name: str) -> Iterator[tuple[str, TlsMode]]:
    """List what a client speaks, and how it begins TLS."""
    client = CLIENTS[name]
    for protocol in client.protocols:
        for tls in client.tls:
            yield protocol.value.lower(), tls


def is_there(name: str) -> bool:
    """Say whether the program is installed."""
    return shutil.which(CLIENTS[name].program) is not None


def run(name: str, protocol: str, tls: TlsMode) -> list[Seen]:
    """Run the gauntlet; raises `CalledProcessError` where it does not come to an end."""
    driver = [sys.executable, "-m", "tools.gauntlet.log_in", name]
    with tempfile.TemporaryDirectory() as directory:
        junit = Path(directory, "gauntlet.xml")
        command = [
            *(sys.executable, "-m", "mailauth", "gauntlet"),
            *("--protocol", protocol, "--tls", tls.value, f"--jobs={CLIENTS[name].jobs}"),
            *(f"--timeout={CLIENTS[name].seconds}s", f"--junit={junit}", *_cases(CLIENTS[name])),
            *("--command", shlex.join(driver)),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not junit.exists():
            done.check_returncode()
        root = ElementTree.parse(junit).getroot()
    return [_seen(name, protocol, tls, case) for case in root.iter("testcase")]


def _cases(client: Client) -> list[str]:
    """Of a client that takes any certificate, look only at what is wrong with certificates."""
    if client.care is not Care.ANY_SERVER:
        return []
    kinds = (FaultKind.CERTIFICATE,)
    return [f"--case={fault.value}" for fault in FAULTS if FAULTS[fault].kind in kinds]


def _seen(name: str, protocol: str, tls: TlsMode, case: ElementTree.Element) -> Seen:
    said = "".join(case.itertext()).strip()
    verdict, evidence, *_ = said.splitlines()  # and how bad it is, which the verdict says
    return Seen(
        client=name,
        protocol=protocol.upper(),
        tls=tls.value,
        case=(case.get("name") or "").rpartition(": ")[2],
        verdict=verdict,
        evidence=_shortened(evidence),
        rules=RULES,
    )


def _shortened(evidence: str) -> str:
    """Leave out what is of this machine, or another in each run."""
    evidence = evidence.replace("tests.live.support.programs.", "").replace(str(Path.cwd()), "")
    evidence = _CHANGING.sub("…", _PATH.sub("", evidence))
    return evidence if len(evidence) <= WORDS else evidence[: WORDS - 1] + "…"
