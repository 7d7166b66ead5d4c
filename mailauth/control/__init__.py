"""The control socket, by which the commands of a home talk to its running server.

A client of the same user sends a request, one line of JSON, and reads the answer, another line.
Each subject has a module with its requests (`blocks.py`).
"""
