"""What the protocol cores share: effects, results to come, the line buffer. Sans-io and pure."""
