"""The local cluster's Kubernetes API: generic resources over aiohttp and SQLite."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Serves the cluster of `--dir DIR`; see `process.main`."""
    from argotui.local.apiserver.process import main as run

    return run(argv)
