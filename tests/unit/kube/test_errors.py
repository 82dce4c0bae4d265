"""What an API server says, as a person can act on it."""

import pytest

from argotui.kube.errors import ApiError


def test_credentials_that_nobody_knows_are_named() -> None:
    error = ApiError.from_status({"code": 401, "reason": "Unauthorized", "message": "Unauthorized"})
    assert error.is_unauthorized
    assert str(error).startswith("Unauthorized: the API server does not accept the credentials of the kubeconfig")
    assert "--kubeconfig" in error.message


@pytest.mark.parametrize("status", [{"code": 401, "message": "token expired"}, {"code": 403, "message": "no"}])
def test_an_answer_that_says_more_is_passed_on(status: dict[str, object]) -> None:
    assert ApiError.from_status(status).message == status["message"]
