"""HTTP itself: connections, requests and responses, and the clients of proxies."""
