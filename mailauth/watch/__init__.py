"""Following the logs of another mail server, and recording its logins.

A source (`file`, `journal`) yields whole lines, with the place of each piece. `reading` makes
records with the readers of `report.foreign`, and knows from where a source must be read again.
`watcher` writes each record once, and saves that place (`cursor`).
"""
