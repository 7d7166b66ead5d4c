"""Reports on the log files: who logs in insecurely, and whether it has been fixed.

The log files are the database. Tables of an embedded DuckDB are filled from them, and each report
is one `.sql` file over these; a row of it is a struct of `rows`: `Login`, `Insecure`, `Case`,
`Exposure`, `Cutoff`, `Absent`, `Country`.

For a server, which asks again and again while its logs grow (`home`, `period`, `rows`, `advice`):

    logs = HomeLogs(home / "logs", home / ".mailauth")          # opens nothing yet
    cases = logs.rows(Case, Wanted())                           # all of them, open ones first
    mine = logs.rows(Login, Wanted(account="bob", newest_first=True), limit=50)
    shares = logs.shares(Unit.DAY, Wanted(since=a_week_ago))    # SECURE and UNSECURE by day, …
    totals = logs.totals(Wanted())
    absent = logs.rows(Absent, Wanted(), expected=Expected(now=now, accounts=names))
    advice(case, tls_ports)                                     # one line: what to do about a case
    logs.close()

These calls block (tens of milliseconds over 100,000 events; the first one reads the logs): call
them from a thread. What they answer is what the files say at that moment. The cache in `.mailauth`
may be deleted at any time. Times are naive, in the log's own zone. This module imports nothing:
a server whose reports nobody asks for does without DuckDB.

For files that somebody names, read once and without a home (`opening`, `sources`):

    with opened_logs(sources_of_files(paths)) as opened:
        opened.logs.rows(Case, Wanted())
"""
