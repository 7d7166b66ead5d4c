"""What mail clients and programs are told: services, DNS records, welcome message, ready line."""
