"""The pages of the console, and what sets mail clients up by themselves."""
