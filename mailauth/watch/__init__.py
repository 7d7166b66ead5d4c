"""Following the logs of a mail server that is not ours, into a record of our own.

A source (`file`, `journal`) yields whole lines, with where each piece of them begins. `reading`
has the readers of `report.foreign` make records of them, and knows from where a source would have
to be read again; `watcher` writes the records, once each, and keeps that place (`cursor`).
"""
