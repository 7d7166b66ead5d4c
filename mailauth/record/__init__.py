"""The record: lines and journal records of who logged in, written before a client is told."""
