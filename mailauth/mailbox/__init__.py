"""Where mail is kept: the protocols' interface to it and the stores. Pure, but for `maildir`."""
