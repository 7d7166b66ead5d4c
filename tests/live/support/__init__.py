"""What tests of running servers share: clients, programs, and what they watch."""
