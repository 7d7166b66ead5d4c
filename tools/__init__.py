"""Programs for development: benchmarks, fuzzing, long runs, screenshots. Tests are in `tests`."""
