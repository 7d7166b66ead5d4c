"""Where mail is kept: the protocols' interface to it, and the store in memory. Pure."""
