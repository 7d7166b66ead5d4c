"""What a mail client is told: services, DNS records, and the welcome message."""
