"""Talking to a Kubernetes API server: configuration, transport, lists, watches, patches, logs, exec."""
