"""argotui: an operations console for Argo Workflows that also runs them."""

__version__ = "0.1.0"
