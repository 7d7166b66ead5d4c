"""The HTTP service: sign-in, the console, the API, and the automatic setup of mail clients.

Requests and responses are values (`message`). `channel` converts what twisted.web has parsed to a
request, and sends the response. Everything in between is plain functions that a test can call.
"""
