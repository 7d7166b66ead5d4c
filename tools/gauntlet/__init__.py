"""Real mail clients in the gauntlet: `scripts/gauntlet-clients` writes RESULTS.md.

`clients` is the table of them, `log_in` has one of them log in, as the gauntlet's command,
`running` runs the gauntlet for it, and `report` writes what came out.
"""
