"""Fuzzing of the cores, the PROXY header and the lines; `scripts/fuzz` runs it."""
