"""What an API server says, as a person can act on it."""

import pytest

from argotui.kube.errors import ApiError


@pytest.mark.parametrize("status", [{"code": 401, "message": "token expired"}, {"code": 403, "message": "no"}])
def test_an_answer_is_passed_on(status: dict[str, object]) -> None:
    assert ApiError.from_status(status).message == status["message"]
