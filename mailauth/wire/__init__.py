"""What the protocol cores share: effects, results to come, and the line buffer. Sans-io and pure."""
