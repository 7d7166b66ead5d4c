"""The commands: each module has the one of its name."""
