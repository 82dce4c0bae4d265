"""What can go wrong between us and an API server, in terms that a person can act on."""

from argotui.model.documents import Document


class KubeError(Exception):
    """Root of everything that the kube room raises on purpose."""


class ConfigError(KubeError):
    """The kubeconfig is missing, broken, or asks for something this version does not do."""


class Unreachable(KubeError):
    """No answer came: refused, unresolved, untrusted, cut or silent. `str()` says which, and from whom.

    The request may or may not have been carried out.
    """


class Silent(Unreachable):
    """The connection stands and nothing comes, for longer than was to be waited."""


class NoCredentials(Unreachable):
    """There is nothing to prove who we are with just now, so nothing was sent. `str()` says why and what to do."""


class BrokenStream(KubeError):
    """The server sent something within a stream that is not what the protocol allows."""


class ApiError(KubeError):
    """The server answered with a Status other than success.

    `retry_after` is in seconds and None when the server did not ask for a pause.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        details: Document | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.details: Document = details or {}
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"ApiError({self.status} {self.reason}: {self.message})"

    @classmethod
    def from_status(cls, document: Document, status: int = 0, retry_after: float | None = None) -> "ApiError":
        """Reads a `kind: Status` document, as an HTTP body or as the object of a watch's ERROR event."""
        code = document.get("code") or status
        reason = str(document.get("reason") or "")
        message = str(document.get("message") or reason or f"the server answered {code}")
        details = document.get("details")
        return cls(int(code), reason, message, details if isinstance(details, dict) else None, retry_after)

    @property
    def is_not_found(self) -> bool:
        """The object, or its kind, does not exist."""
        return self.status == 404

    @property
    def is_conflict(self) -> bool:
        """409 on an update: somebody else wrote in between (or the precondition does not hold)."""
        return self.status == 409 and self.reason != "AlreadyExists"

    @property
    def is_already_exists(self) -> bool:
        """A create met an object of the same name."""
        return self.status == 409 and self.reason == "AlreadyExists"

    @property
    def is_gone(self) -> bool:
        """The resourceVersion or continue token is too old."""
        return self.status == 410 or self.reason in ("Expired", "Gone")

    @property
    def is_forbidden(self) -> bool:
        """The identity lacks a right, or a quota is used up; the message says which."""
        return self.status == 403

    @property
    def is_unauthorized(self) -> bool:
        """The credentials were not accepted."""
        return self.status == 401

    @property
    def is_overload(self) -> bool:
        """The server is too busy or not fully up: the same request may succeed later."""
        return self.status == 429 or 500 <= self.status <= 599
