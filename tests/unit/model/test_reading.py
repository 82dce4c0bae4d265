"""Reading YAML and JSON: what scalars mean, where things stand, and what hostile files do."""

from __future__ import annotations

import time
from typing import Any

import pytest

from argotui.model.manifest import load_yaml
from argotui.model.manifest.reader import read_documents
from argotui.model.manifest.spots import find, format_path, parse_path, text_at
from argotui.model.problem import ManifestError


def read(text: str) -> list[Any]:
    return [found.value for found in read_documents(text, "f.yaml")]


def refusal(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        read_documents(text, "f.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("Off", "Off"), ("y", "y"),
        ("true", True), ("False", False), ("tRue", "tRue"),
        ("null", None), ("~", None), ("", None), ("NULL", None),
        ("7", 7), ("-7", -7), ("+7", 7), ("0", 0), ("0x1F", 31), ("0b101", 5), ("0o17", 15), ("017", 15),
        ("08", "08"), ("1_000", "1_000"), ("9223372036854775808", 9223372036854775808),
        ("1.5", 1.5), ("1.0", 1), ("1e3", 1000), ("-2.50", -2.5), (".5", 0.5), ("1.", 1), ("1e400", "1e400"),
        (".inf", ".inf"), (".nan", ".nan"), ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("12:30:45", "12:30:45"), ("1.2.3", "1.2.3"), ("--", "--"), ("0x", "0x"), ("=", "="),
        ("'1'", "1"), ('"true"', "true"), ("!!str 1", "1"), ("!!int 3", 3), ("! 1", "1"),
        ("|\n  a\n  b\n", "a\nb\n"), (">\n  a\n  b\n", "a b\n"), ("1" * 50, "1" * 50),
    ],
)  # fmt: skip
def test_scalars(text: str, value: Any) -> None:
    found = read(f"k: {text}")[0]["k"]
    assert found == value
    assert isinstance(found, type(value))


def test_keys_are_texts_as_they_are_written() -> None:
    assert read("1: a\ntrue: b\non: c\n1.50: d\n'': e") == [{"1": "a", "true": "b", "on": "c", "1.50": "d", "": "e"}]


def test_documents_anchors_and_merge_keys() -> None:
    text = (
        "---\n# nothing\n---\na: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\nd:\n  <<: [*x, {r: 4, p: 9}]\n---\n- z\n"
    )
    first, second = read(text)
    assert first["b"] == {"p": 1, "q": 2}
    assert first["c"] == {"p": 1, "q": 3}
    assert first["d"] == {"p": 1, "q": 2, "r": 4}
    assert second == ["z"]


def test_aliases_are_copies() -> None:
    found = read("a: &x {p: [1]}\nb: *x")[0]
    found["b"]["p"].append(2)
    assert found["a"] == {"p": [1]}


def test_anchors_end_with_their_document() -> None:
    assert "no &x above" in refusal("a: &x 1\n---\nb: *x")


@pytest.mark.parametrize("text", ["\ufeffa: 1\nb: 2\n", "a: 1\r\nb: 2\r\n", '{"a": 1,\n\t"b": 2}', "{a: 1, b: 2}"])
def test_ways_to_write_the_same(text: str) -> None:
    assert read(text) == [{"a": 1, "b": 2}]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"a": "\\ud83d\\ude00"}', [{"a": "😀"}]),
        ('{"a": 1}{"b": 2}\n{"c": 1.0}', [{"a": 1}, {"b": 2}, {"c": 1}]),
        ('{"' + "k" * 2000 + '": 1}', [{"k" * 2000: 1}]),
        ('{"a": 1e400}', [{"a": "1e400"}]),
    ],
)
def test_json_that_is_no_yaml(text: str, values: list[Any]) -> None:
    assert read(text) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n\tb: 1", "f.yaml:2:1: a: a tab in the indentation; indent with blanks"),
        ("value: {{x}}", "f.yaml:1:8: value: {{ begins an object here; put quotes around"),
        ("args:\n- {{x}}\n", "f.yaml:2:3: args[0]: {{ begins an object here; put quotes"),
        ("x: {{a}}-{{b}}\ny: 1", "{{ begins an object here; put quotes"),
        ("a: b: c", "f.yaml:1:5: a second `: ` in one line; put quotes around"),
        ("a: 1\n  b: 2", "f.yaml:2:4: a key cannot stand here, because the line above already has a value"),
        ("name foo\nvalue: 1", "f.yaml:1:1: a key without a colon; write `key: value`"),
        ("a:\n  b: 1\n c: 2", "f.yaml:3:2: the indentation fits nothing above"),
        ("a: 'x", "f.yaml:1:4: a: the quote that opens here is never closed"),
        ('a: "\\d"', "in double quotes a backslash begins an escape"),
        ('a: "b" c', "f.yaml:1:8: text after a closing quote"),
        ("a: *.txt", "a value that begins with * means an alias; put quotes around it"),
        ("a: @x", "a value that begins with @ means nothing that YAML knows; put quotes"),
        ("%x\na: 1", "f.yaml:1:1: a line that begins with % is a directive"),
        ("a: [1, 2\nb: 3", "f.yaml:1:4: a[2]: the list that [ opens here is not closed"),
        ("a: {b: 1\nc: 3", "the object that { opens here is not closed"),
        ("a: 1\na: 2", 'f.yaml:2:1: a: duplicate key "a"; it is already given in line 1'),
        ('{"a": 1, "a": 2}', 'f.yaml:1:10: a: duplicate key "a"'),
        ('{"a": 1,, "b": 2}', "f.yaml:1:9: not valid JSON"),
        ('{"a": NaN}{}', "NaN is not JSON"),
        ("? [a]\n: 1", "an object or a list cannot be a key"),
        ("~: 1", "a key is missing"),
        ("a: 1\n<<: 3", "<< takes an object or a list of objects"),
        ("a: b\nc: - d", "f.yaml:2:4: c: a list cannot begin in the line of its key"),
        ("\x00", "f.yaml:1:1: character U+0000 is not allowed"),
        ("a: 1\nb: \x1b[31m", "f.yaml:2:4: character U+001B is not allowed"),
        ("a: \udc80", "character U+DC80 is not allowed"),
        ("a: !!python/object/apply:os.system [id]", "the tag tag:yaml.org,2002:python/object/apply:os.system is not"),
        ("a: !custom x", "the tag !custom is not allowed"),
        ("a: !!binary aGk=", "is not allowed in a manifest"),
        ("a: !!int x", "is not allowed in a manifest"),
        ("a: !!set {x}", "is not allowed in a manifest"),
        ("&a [*a]", "*a refers to something that contains it"),
        ("&a {b: *a}", "*a refers to something that contains it"),
    ],
)  # fmt: skip
def test_mistakes_are_explained(text: str, message: str) -> None:
    assert message in refusal(text)


def test_all_duplicate_keys_are_found_at_once() -> None:
    assert refusal("a: 1\na: 2\nb:\n  c: 1\n  c: 2\n").count("duplicate key") == 2


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
)
HOSTILE = {
    "laughs": (LAUGHS, "aliases make more than"),
    "merged laughs": (
        "a: &a {" + ",".join(f"k{i}: v" for i in range(1000)) + "}\n" + "b: {<<: *a}\n" * 1000,
        "more than|duplicate key",
    ),
    "deep flow": ("[" * 100_000, "nested more than 100 levels"),
    "deep json": ('{"a":' * 5000 + "1" + "}" * 5000, "nested more than 100 levels"),
    "deep block": ("".join(" " * i + "a:\n" for i in range(2000)), "nested more than 100 levels"),
    "deep keys": ("? " * 50_000 + "a", "cannot be a key"),
    "too large": ("a: |\n" + "  line of text\n" * 800_000, "larger than 8 MiB"),
    "too many": ("- a\n" * 600_000, "more than 500000 values"),
    "braces": ("{{" * 100_000, "{{ begins an object"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_soon(name: str) -> None:
    text, message = HOSTILE[name]
    started = time.monotonic()
    found = refusal(text)
    assert any(part in found for part in message.split("|"))
    assert len(found) < 200_000
    assert time.monotonic() - started < 20, "generous: it takes about a second"


@pytest.mark.parametrize("text", ["a: " + "x" * 4_000_000, "#\n" * 1_000_000 + "a: 1", 'a: "' + "é" * 1_000_000 + '"'])
def test_large_but_harmless(text: str) -> None:
    assert list(read(text)[0]) == ["a"]


def test_weird_but_valid_text() -> None:
    text = 'a: "\\u202e\\u0000\\e"\nb: 日本\n\u00e9\u0301: 👩‍👩‍👧\n'
    assert read(text) == [{"a": "\u202e\x00\x1b", "b": "日本", "\u00e9\u0301": "👩‍👩‍👧"}]


# ---------------------------------------------------------------- positions and paths


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        ((), ""),
        (("spec", "templates", 0, "name"), "spec.templates[0].name"),
        (("metadata", "labels", "a.b/c"), 'metadata.labels["a.b/c"]'),
        (("x", 'q"\\'), 'x["q\\"\\\\"]'),
        (("a", "b-c", "$d"), "a.b-c.$d"),
        ((1, 2), "[1][2]"),
    ],
)
def test_paths(steps: tuple[Any, ...], path: str) -> None:
    assert format_path(steps) == path
    assert parse_path(path) == steps


def test_positions() -> None:
    text = "a:\n  b:\n  - x: 1\n    y: '2'\n  - {z: 007}\n"
    root = read_documents(text, "f")[0].spot
    assert root is not None
    assert find(root, ("a", "b", 0, "y")) == (4, 8)
    assert find(root, ("a", "b", 0, "y"), key=True) == (4, 5)
    assert find(root, ("a", "b", 1)) == (5, 5)
    assert find(root, ("a", "b", 7, "q")) == (3, 3)
    assert find(root, ("nope",)) == (1, 1)
    assert text_at(root, ("a", "b", 1, "z")) == "007"
    assert text_at(root, ("a", "b")) is None


def test_load_yaml() -> None:
    assert load_yaml("a: 0644") == {"a": 420}
    assert type(load_yaml("a: 0644")["a"]) is int
    assert load_yaml("") is None
    assert load_yaml("0755") == 0o755
    with pytest.raises(ManifestError, match="more than one document"):
        load_yaml("a: 1\n---\nb: 2")
