"""Ports with implicit TLS, found in the journal, for advice on cases.

A port applies only to the server whose journal names it, and the files may come from several
servers. So for a case, ports are taken only from the journal that has its latest UNSECURE login,
including its rotated files.
"""

from collections.abc import Callable, Mapping

from mailauth.login.event import Service
from mailauth.report.rows import Case
from mailauth.report.sources import Content, Source, log_of
from mailauth.report.tables import Tables, sql
from mailauth.setup.services import WELL_KNOWN_TLS_PORTS

PortsOf = Callable[[Case], Mapping[Service, int]]


def seen_tls_ports(
    tables: Tables, sources: Mapping[int, Source], running: Mapping[Service, int] | None = None
) -> PortsOf:
    """Return a function that maps a case to its server's ports with implicit TLS, by service.

    `sources` are the files by their numbers in the tables. The latest port counts. `running`
    has the ports of the server that wrote them, if it is running.
    """
    journals = {number: log_of(source) for number, source in sources.items()}
    with tables.cursor() as cursor:
        seen = cursor.execute(sql("tls_ports")).fetchall()
        found_in = cursor.execute(sql("journals_of_cases")).fetchall()
    ports: dict[str, dict[Service, int]] = {}
    for file, protocol, port in seen:  # in the order of their last records
        ports.setdefault(journals[file], {})[Service(protocol)] = port
    known = {
        (account, service): ports.get(journals[file], {}) for account, service, file, _ in found_in
    }
    others = {
        (account, service)
        for account, service, file, source in found_in
        if sources[file].content is Content.FOREIGN or source is not None
    }

    def ports_of(case: Case) -> Mapping[Service, int]:
        key = (case.account, case.service.value)
        if key in others:
            return WELL_KNOWN_TLS_PORTS
        return known.get(key, {}) if running is None else running

    return ports_of
