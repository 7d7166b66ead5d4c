"""Events once they are recorded: the newest in memory, all of them in the journal."""
