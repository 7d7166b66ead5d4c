"""The login core: who may log in, how it is decided, and what is said about it. Pure."""
