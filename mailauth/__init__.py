"""mailauth: a mail server that shows who logs in insecurely."""
