"""All checks, one after the other; one that may not look says so and keeps no other from looking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from argotui.kube.errors import ApiError
from argotui.services.doctor import controllers, definitions, images, repositories, rights, server
from argotui.services.doctor.finding import Finding, Level, Site

Check = Callable[[Site], Awaitable[list[Finding]]]
CHECKS: tuple[tuple[str, Check], ...] = (
    ("server", server.check_version),
    ("identity", server.check_identity),
    ("clock", server.check_clock),
    ("crds", definitions.check_crds),
    ("rights", rights.check_yours),
    ("controller", controllers.check_lease),
    ("configuration", controllers.check_configuration),
    ("executor", rights.check_executor),
    ("image", images.check_image),
    ("image", images.check_pulled),
    ("artifacts", repositories.check_repository),
    ("workflows", controllers.check_untouched),
)
"""What is looked at, in the order in which a broken cluster is mended."""


async def examine(site: Site) -> AsyncIterator[Finding]:
    """Every finding as it is made. Raises Unreachable when the server stops answering."""
    for about, check in CHECKS:
        try:
            found = await check(site)
        except ApiError as error:
            yield _unseen(about, error)
        else:
            for finding in found:
                yield finding


def _unseen(about: str, error: ApiError) -> Finding:
    if error.is_forbidden:
        return Finding(Level.UNKNOWN, about, f"you may not look: {error.message}")
    if error.is_not_found:
        return Finding(Level.UNKNOWN, about, f"this cluster does not serve it: {error.message}")
    return Finding(Level.PROBLEM, about, error.message)
