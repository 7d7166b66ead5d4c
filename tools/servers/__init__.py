"""Real mail servers from Debian's packages, and whether what we read in their logs is true.

Each server runs in namespaces of its own (`world`), from packages that are unpacked and never
installed (`packages`), set up as `docs/servers/` says (`pages`). A driver logs in and takes notes
(`driver`, `notes`); what is read in the log is held against them (`comparison`).
"""
