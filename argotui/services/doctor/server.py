"""The API server itself: its version, who we are to it, its clock."""

from __future__ import annotations

import re
from datetime import timedelta

from argotui.model.duration import column
from argotui.services.doctor.finding import Finding, Level, Site

_OLDEST = (1, 27)
"""The first version whose API server checks all the rules that our CRDs state."""
_NOTICEABLE = timedelta(seconds=5)


async def check_version(site: Site) -> list[Finding]:
    """Whether the server is new enough."""
    found = await site.client.server_version()
    text = str(found.get("gitVersion") or "of an unknown version")
    numbers = [int(digits.group()) for key in ("major", "minor") if (digits := re.match(r"\d+", str(found.get(key))))]
    told = f"{site.client.config.server} is {text}"
    if len(numbers) == len(_OLDEST) and tuple(numbers) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return [Finding(Level.WARNING, "server", told, f"argotui is made for {oldest} and later; upgrade the cluster")]
    return [Finding(Level.OK, "server", told)]


async def check_identity(site: Site) -> list[Finding]:
    """Whom the server takes us for."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    review = await site.client.raw("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body=body)
    user = (review.get("status") or {}).get("userInfo") or {}
    groups = ", ".join(map(str, user.get("groups") or ()))
    who = f"you are {user.get('username') or 'nobody'}"
    return [Finding(Level.OK, "identity", f"{who} ({groups})" if groups else who)]


async def check_clock(site: Site) -> list[Finding]:
    """Whether this machine and the server agree about the time."""
    ahead = await site.client.server_time() - site.now
    if abs(ahead) <= _NOTICEABLE:
        return [Finding(Level.OK, "clock", "this machine and the API server agree about the time")]
    which = "ahead of" if ahead > timedelta() else "behind"
    amount = column(int(abs(ahead).total_seconds()) * 10**9)
    advice = "every age and duration shown here is off by that; let both follow NTP"
    return [Finding(Level.WARNING, "clock", f"the API server's clock is {amount} {which} this machine's", advice)]
