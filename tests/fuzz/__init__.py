"""Manifests bent in every way that comes to mind: a checked run or a located error, nothing else, and soon."""
