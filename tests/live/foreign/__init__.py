"""Mail servers of others, which are real ones, and what is read in their logs."""
