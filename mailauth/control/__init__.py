"""The control socket: how the commands of a home talk to the server that runs on it.

A client of the same user sends a request, one line of JSON, and reads the answer, another line.
What can be asked stands in a file for each subject (`blocks.py`).
"""
