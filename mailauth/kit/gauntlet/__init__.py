"""The gauntlet: a mail client on every fault, each on a port of its own, with a verdict per case.

`cases` says what is tried and on which listener, `running` has the server for it, `trying` runs a
command against a case, `judging` says what the record proves, and `page` shows it all as HTML.
"""
