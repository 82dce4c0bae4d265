"""The sprig functions as Argo offers them to expressions."""
