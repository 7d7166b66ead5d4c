"""What mail clients are told: services, DNS records, and the welcome message."""
