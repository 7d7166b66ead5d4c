"""The pages of the console, and the automatic setup of mail clients."""
