"""Reports on the log files: who logs in insecurely, and whether it has been fixed.

The log files are the database. They are loaded into tables of an embedded DuckDB, and each report
is one `.sql` file, whose rows are structs of `rows`: `Login`, `Insecure`, `Case`, `Exposure`,
`Cutoff`, `Absent`, `Country`.

For a server, which asks repeatedly while its logs grow (`home`, `period`, `rows`, `advice`):

    logs = HomeLogs(home / "logs", home / ".mailauth")          # opens nothing yet
    cases = logs.rows(Case, Wanted())                           # all of them, open ones first
    mine = logs.rows(Login, Wanted(account="bob", newest_first=True), limit=50)
    shares = logs.shares(Unit.DAY, Wanted(since=a_week_ago))    # SECURE and UNSECURE by day, …
    totals = logs.totals(Wanted())
    absent = logs.rows(Absent, Wanted(), expected=Expected(now=now, accounts=names))
    advice(case, tls_ports)                                     # one line: what to do about a case
    logs.close()

These calls block (tens of milliseconds for 100,000 events; the first one reads the logs), so call
them in a thread. Each answers from the files as they are at that moment. The cache in `.mailauth`
may be deleted at any time. Times are naive, in the log's own zone. This module imports nothing, so
that a server without reports does not load DuckDB.

For given files, which are read once and need no home (`opening`, `sources`):

    with opened_logs(sources_of_files(paths)) as opened:
        opened.logs.rows(Case, Wanted())
"""
