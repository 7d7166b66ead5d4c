"""Tests of what is written, and of what is left when writing goes wrong."""
