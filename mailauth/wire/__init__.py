"""The parts shared by the protocol cores: effects, pending results, line buffer. Sans-io, pure."""
