"""The local cluster's kubelet: turns pods into processes that outlive it."""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of `argotui.local.kubelet`; see `--help`."""
    from argotui.local.kubelet.main import main as run

    return run(argv)
