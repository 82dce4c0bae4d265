"""What the controller counts, what workflows count, and how Prometheus reads it (§8.7)."""
