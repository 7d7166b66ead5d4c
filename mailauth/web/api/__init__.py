"""The API: resources, reports, event streams, metrics, and their description."""
