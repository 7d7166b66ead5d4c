"""Tools for testing what logs in: scenarios to replay, the probe, the gauntlet, expectations."""
