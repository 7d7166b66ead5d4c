"""Mail stores, and the interface by which the protocols use them. Pure, except for `maildir`."""
