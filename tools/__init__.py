"""Programs for us: benchmarks, fuzzing, long runs, pictures. Tests are in `tests`."""
