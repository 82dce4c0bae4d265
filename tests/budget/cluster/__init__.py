"""What our controller costs on a real API server, beside a plain script that makes the same calls."""
