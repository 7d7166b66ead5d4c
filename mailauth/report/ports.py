"""At which ports TLS begins at once, as the journal has seen it: each server's own only.

A record names its server's port. Where files of several servers are read, a port that one of them
was seen on says nothing about the others; so what is known of a case is what the journal says in
which its latest UNSECURE login stands, with the older and newer files of that journal.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from mailauth.login.event import Service
from mailauth.report.packing import SUFFIXES
from mailauth.report.reading import watched_journals
from mailauth.report.rows import Case
from mailauth.report.sources import Content, Source
from mailauth.report.tables import Tables, sql
from mailauth.setup.services import WELL_KNOWN_TLS_PORTS

PortsOf = Callable[[Case], Mapping[Service, int]]

_NUMBERED = re.compile(r"[.-]\d{4}-?\d\d-?\d\d(?:\.\d+)?(?=\.|$)|\.\d+$")  # as rotation names files


def seen_tls_ports(tables: Tables, sources: Mapping[int, Source]) -> PortsOf:
    """Return what the journal knows of a case's server: each service's port with implicit TLS.

    `sources` are the files by their numbers in the tables. The port last seen counts.
    """
    journals = {number: log_of(source) for number, source in sources.items()}
    with tables.cursor() as cursor:
        seen = cursor.execute(sql("tls_ports")).fetchall()
        found_in = cursor.execute(sql("journals_of_cases")).fetchall()
    ports: dict[str, dict[Service, int]] = {}
    for file, protocol, port in seen:  # in the order of their last records
        ports.setdefault(journals[file], {})[Service(protocol)] = port
    known = {
        (account, service): ports.get(journals[file], {}) for account, service, file in found_in
    }
    watched = watched_journals(tables, sources)
    others = {
        (account, service)
        for account, service, file in found_in
        if sources[file].content is Content.FOREIGN or file in watched
    }

    def ports_of(case: Case) -> Mapping[Service, int]:
        key = (case.account, case.service.value)
        return WELL_KNOWN_TLS_PORTS if key in others else known.get(key, {})

    return ports_of


def log_of(source: Source) -> str:
    """Return the log that a file is a part of, whatever rotated and compressed it."""
    path = Path(str(source))
    name = path.name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return str(path.parent / _NUMBERED.sub("", name))
