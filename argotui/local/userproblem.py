"""What can be wrong with users of the local cluster."""

from argotui.model.names import DNS_SUBDOMAIN

_LONGEST = 63


class UserProblem(Exception):
    """A user that cannot be made or removed; the message says why and what would do."""


def check_name(name: str) -> None:
    """Raises UserProblem for what cannot be a user's name."""
    if not DNS_SUBDOMAIN.match(name) or len(name) > _LONGEST:
        raise UserProblem(
            f"{name!r} cannot be a user's name: at most {_LONGEST} lower case letters, digits, '-' and '.',"
            " beginning and ending with a letter or digit"
        )
