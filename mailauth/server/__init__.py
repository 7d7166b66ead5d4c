"""The server, assembled from the other packages, in one process or several.

`server` starts, reloads and stops it. `process` has what every process that serves clients has, and
`workers` has the additional processes.
"""
