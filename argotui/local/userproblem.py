"""What can be wrong with users of the local cluster."""


class UserProblem(Exception):
    """A user that cannot be made or removed; the message says why and what would do."""
