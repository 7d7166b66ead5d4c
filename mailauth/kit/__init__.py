"""Tools for testing clients and servers: scenarios, the probe, the gauntlet, expectations."""
