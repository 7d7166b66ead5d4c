"""The gauntlet: a mail client against every fault, each on its own port, with a verdict per case.

`cases` lists the cases and their listeners, `running` runs the server, `trying` runs a command
against a case, `judging` decides what the record proves, and `page` writes the result as HTML.
"""
