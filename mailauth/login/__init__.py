"""The login core: who may log in, and how an attempt is decided, recorded and answered. Pure."""
