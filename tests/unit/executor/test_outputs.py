"""Results and output parameters, as §5.3 has them."""

import errno
import os

import pytest

from argotui.executor.outputs import RESULT_LIMIT, collect, go_text, result_text


class Files:
    """Main's files as a dict."""

    def __init__(self, **files: bytes | int) -> None:
        self._files = {"/" + name.replace("__", "/"): content for name, content in files.items()}

    def read(self, path: str, limit: int) -> bytes:
        content = self._files.get(path, errno.ENOENT)
        if isinstance(content, int):
            raise OSError(content, os.strerror(content), path)
        return content[:limit]


def parameter(name: str, path: str, **value_from: object) -> dict[str, object]:
    return {"name": name, "valueFrom": {"path": path, **value_from}}


def template(*parameters: dict[str, object]) -> dict[str, object]:
    return {"outputs": {"parameters": list(parameters)}}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"line 1\nline 2\n\n", "line 1\nline 2\n"),
        (b"", ""),
        (b"no newline", "no newline"),
        (b"\r\n", "\r"),
        (b"x" * RESULT_LIMIT + b"\n", "x" * RESULT_LIMIT),
        (b"first" + b"y" * RESULT_LIMIT, "y" * RESULT_LIMIT),
    ],
)
def test_result(data: bytes, text: str) -> None:
    assert result_text(data) == text


def test_each_byte_that_is_no_utf8_is_one_replacement_character() -> None:
    assert go_text(b"a\xe2\x82z\xff") == "a\ufffd\ufffdz\ufffd"


def test_parameters_lose_one_newline_and_keep_their_source() -> None:
    collected = collect(template(parameter("v", "/tmp/v")), Files(tmp__v=b"1\n\n"), (), None)
    assert collected.outputs == {"parameters": [{"name": "v", "valueFrom": {"path": "/tmp/v"}, "value": "1\n"}]}
    assert collected.error == ""


@pytest.mark.parametrize(("default", "value"), [("", ""), ("x", "x"), (1, "1"), (True, "true")])
def test_default_of_a_missing_file(default: object, value: str) -> None:
    collected = collect(template(parameter("v", "/tmp/v", default=default)), Files(), (), None)
    assert collected.outputs["parameters"][0]["value"] == value


def test_a_missing_file_is_named_where_upstreams_wait_looks() -> None:
    declared = template(parameter("a", "/tmp/a"), parameter("gone", "/tmp/gone"), parameter("b", "/tmp/a"))
    collected = collect(declared, Files(tmp__a=b"1"), (), b"out\n")
    assert collected.error == "open /var/run/argo/outputs/parameters/tmp/gone: no such file or directory"
    assert collected.outputs["result"] == "out"
    assert [parameter.get("value") for parameter in collected.outputs["parameters"]] == ["1", None, None]


def test_a_missing_file_in_a_volume() -> None:
    collected = collect(template(parameter("v", "/job/out/v")), Files(), ("/job",), None)
    assert collected.error == "open /mainctrfs/job/out/v: no such file or directory"


def test_a_directory_is_no_parameter() -> None:
    collected = collect(template(parameter("v", "/tmp/d")), Files(tmp__d=errno.EISDIR), (), None)
    assert collected.error == "read /var/run/argo/outputs/parameters/tmp/d: is a directory"


def test_the_template_is_not_changed() -> None:
    declared = template(parameter("v", "/tmp/v"))
    collect(declared, Files(tmp__v=b"1"), (), None)
    assert declared == template(parameter("v", "/tmp/v"))
