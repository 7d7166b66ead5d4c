"""The server: everything put together, in one process or in several.

`server` starts, reloads and stops it; `process` has what each process that serves clients has,
and `workers` the processes beside the first.
"""
