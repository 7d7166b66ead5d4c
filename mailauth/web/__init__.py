"""The HTTP service: signing in, the console, the API, and what sets mail clients up by themselves.

Requests and responses are values (`message`). `channel` makes the one of what twisted.web parsed
and sends the other; between them everything is a plain function that a test can call.
"""
