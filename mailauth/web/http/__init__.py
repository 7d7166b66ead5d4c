"""HTTP itself: connections, requests and responses, and who a proxy speaks for."""
