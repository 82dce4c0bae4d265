"""Making one bad manifest out of a good one. Every choice is drawn from the `random` that is given."""

from __future__ import annotations

import json
import random as chance
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from argotui.model.documents import clone

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/conformance/cases", "examples", "argotui/cli/demo/manifests")
Random = chance.Random
Container = dict[str, Any] | list[Any]


def corpus() -> list[str]:
    """The texts to start from: recorded cases, the guide's examples, the demo."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.yaml"))]
    kept = [file for file in files if file.name in ("workflow.yaml", "objects.yaml") or "cases" not in file.parts]
    assert len(kept) > 100
    return [file.read_text() for file in kept]


def mutate(random: Random, texts: list[str]) -> str:
    """One manifest."""
    text = random.choice(texts)
    if random.random() < 0.7:
        text = _changed_documents(random, text, texts)
    for _ in range(random.choice((0, 0, 0, 1, 1, 2, 5)) if random.random() < 0.5 else 0):
        text = random.choice(_TEXT)(random, text)
    return text


# ---------------------------------------------------------------- documents


def _changed_documents(random: Random, text: str, texts: list[str]) -> str:
    documents = [document for document in yaml.safe_load_all(text) if isinstance(document, dict)]
    if not documents:
        return text
    other = [document for document in yaml.safe_load_all(random.choice(texts)) if isinstance(document, dict)]
    for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
        document = random.choice(documents)
        random.choice(_DOCUMENT)(random, document, other or documents)
    return _written(random, documents)


def _written(random: Random, documents: list[dict[str, Any]]) -> str:
    form = random.random()
    if form < 0.2:
        return json.dumps(
            documents[0], ensure_ascii=random.random() < 0.5, indent=random.choice((None, 1)), default=str
        )
    if form < 0.25:
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": documents}, default=str)
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    try:
        return str(yaml.dump_all(documents, Dumper=dumper, sort_keys=random.random() < 0.2))
    except (UnicodeEncodeError, RecursionError):  # lone surrogates and great depth: only JSON can write them
        return json.dumps(documents[0], default=str)


def _places(document: Any) -> list[tuple[Container, Any]]:
    """(object or list, key) of every value below a document."""
    found: list[tuple[Container, Any]] = []
    waiting: list[Container] = [document]
    while waiting and len(found) < 20_000:
        holder = waiting.pop()
        for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
            found.append((holder, key))
            if isinstance(value, dict | list):
                waiting.append(value)
    return found


def _place(random: Random, document: Any) -> tuple[Any, Any]:
    return random.choice(_places(document) or [({"x": 1}, "x")])


def _replace(random: Random, document: Any, other: list[Any]) -> None:
    holder, key = _place(random, document)
    holder[key] = random.choice(_VALUES)(random)


def _remove(random: Random, document: Any, other: list[Any]) -> None:
    holder, key = _place(random, document)
    del holder[key]


def _rename(random: Random, document: Any, other: list[Any]) -> None:
    holder, key = _place(random, document)
    if isinstance(holder, dict):
        holder[random.choice((key.upper(), key[:-1], key + "s", "", "x", "name", "<<", "{{item}}"))] = holder.pop(key)


def _transplant(random: Random, document: Any, other: list[Any]) -> None:
    """A part of another manifest in a place where it may or may not belong."""
    holder, key = _place(random, document)
    source, name = _place(random, random.choice(other))
    value = clone(source[name])
    if isinstance(holder, dict) and isinstance(name, str) and random.random() < 0.6:
        holder[name] = value
    else:
        holder[key] = value


def _swap(random: Random, document: Any, other: list[Any]) -> None:
    (one, first), (two, second) = _place(random, document), _place(random, document)
    here, there = clone(one[first]), clone(two[second])
    one[first], two[second] = there, here


def _repeat(random: Random, document: Any, other: list[Any]) -> None:
    lists = [holder for holder, _ in _places(document) if isinstance(holder, list) and holder]
    if lists:
        found = random.choice(lists)
        found += [clone(random.choice(found)) for _ in range(random.choice((1, 2, 50)))]


def _text_in(random: Random, document: Any, other: list[Any]) -> None:
    """A tag, an expression or a bad character within a text."""
    texts = [(holder, key) for holder, key in _places(document) if isinstance(holder[key], str)]
    if texts:
        holder, key = random.choice(texts)
        position = random.randint(0, len(holder[key]))
        holder[key] = holder[key][:position] + random.choice(_FRAGMENTS) + holder[key][position:]


def _borrow_name(random: Random, document: Any, other: list[Any]) -> None:
    """Some reference names something else that exists: cycles, wrong kinds, duplicates."""
    names = [holder[key] for holder, key in _places(document) if key in ("name", "template", "entrypoint")]
    where = [
        (holder, key) for holder, key in _places(document)
        if key in ("name", "template", "entrypoint", "onExit", "depends", "target") and isinstance(holder[key], str)
    ]  # fmt: skip
    if names and where:
        holder, key = random.choice(where)
        holder[key] = clone(random.choice(names))


def _insert(random: Random, document: Any, other: list[Any]) -> None:
    """A field of the language where it may matter."""
    holders = [holder for holder, _ in _places(document) if isinstance(holder, dict)] or [document]
    name, values = random.choice(list(_FIELDS.items()))
    random.choice(holders)[name] = clone(random.choice(values))


_DOCUMENT: tuple[Callable[[Random, Any, list[Any]], None], ...] = (
    _replace, _replace, _remove, _rename, _transplant, _transplant, _swap, _repeat, _text_in, _text_in, _borrow_name,
    _borrow_name, _insert, _insert,
)  # fmt: skip


def _deep(random: Random) -> Any:
    value: Any = "x"
    for _ in range(random.choice((5, 60, 95, 150, 400))):
        value = {"a": value} if random.random() < 0.5 else [value]
    return value


_VALUES: tuple[Callable[[Random], Any], ...] = (
    lambda random: random.choice((None, True, False, "", [], {}, [[]], [None], {"": ""}, [{}], {"name": None})),
    lambda random: random.choice((0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.5, 1e308, 1e-9, 10**300)),
    lambda random: random.choice(("inf", "nan", "1e999", "0x7f", "007", "1_000", "yes", "2001-01-01", "9" * 400)),
    lambda random: random.choice(_FRAGMENTS),
    lambda random: random.choice(("x" * 100_000, "{{" * 2_000, "{{inputs.parameters." * 500, "(" * 3_000, "é" * 300)),
    lambda random: list(range(random.choice((2, 30, 3_000)))),
    lambda random: {f"key-{number}": number for number in range(random.choice((2, 500)))},
    _deep,
)
_FRAGMENTS = (
    "\x00", "\ud800", "\u202e", "\x1b[2J", "\n", "\t", "{{", "}}", "{{}}", "{{=", "{{= }}", "{{=1 +}}", "{{=item}}",
    "{{inputs.parameters.x}}", "{{inputs.parameters.{{item}}}}", "{{workflow.name}}", "{{item}}", "{{steps.a.id}}",
    "{{tasks.a.outputs.result}}", "{{workflow.parameters}}", "{{=toJson(workflow)}}", "{{=sprig.repeat(1000000, 'x')}}",
    "{{=map(1..1000000, {#})}}", "{{='\\x00'}}", "{{=nil}}", "{{workflow.creationTimestamp.%Y}}", "{{pod.name}}",
    "a && b", "!(", "a.Succeeded || ", "1 == 1", "'", '"', "\\", "&", "*", "%02d", "%s%s%n", "-", ".", "a.b", "a b",
    "99999999999h", "1h", "-5s", "5", "1.5d", "@every 1s", "* * * * *", "CRON_TZ=X", "$(HOME)", "../../etc/passwd",
)  # fmt: skip
_LOOP = [{"name": "s", "template": "main"}]
_FIELDS: dict[str, list[Any]] = {
    "withItems": [[1, 2], [{"a": 1}], [[1]], [None, True], list(range(500)), "x", [{"a": {"b": [1]}}], ["a(b)"]],
    "withParam": ["[1, 2]", "[", "{{workflow.name}}", "1", '[{"a": 1}]', "[" * 2_000, "[" + "1," * 5_000 + "1]"],
    "withSequence": [
        {"count": "3"},
        {"count": 10**9},
        {"count": "x"},
        {"start": "5", "end": "1"},
        {"end": str(10**12)},
        {"count": -1},
        {"count": "1", "format": "%*d"},
        {"count": 3, "format": "%9999999999d"},
        {"start": 1e300},
    ],
    "when": ["false", "1 == 1", "((((", "a =~ '('", "{{item}} > 1", "!" * 500, "'a' =~ '(a+)+$'", "true &&"],
    "depends": ["a", "a && b", "!a", "a.Foo", "(" * 300, "a.AnySucceeded", "a" + " && a" * 3_000],
    "dependencies": [["a"], ["a", "a"], ["zzz"], [None]],
    "retryStrategy": [
        {},
        {"limit": 3},
        {"limit": "x"},
        {"limit": -1},
        {"limit": 10**18},
        {"expression": "1 +"},
        {"limit": 2, "backoff": {"duration": "1", "factor": 10**9, "maxDuration": "1h"}},
        {"limit": 2, "backoff": {"duration": "x"}},
        {"retryPolicy": "Never"},
        {"limit": "{{inputs.parameters.n}}"},
    ],
    "activeDeadlineSeconds": [0, 1, -1, "5", "x", 2**62, "{{inputs.parameters.n}}"],
    "timeout": ["1s", "5", "x", "9999999h", "{{item}}"],
    "parallelism": [0, 1, -1, 2**40],
    "steps": [[_LOOP], [[]], [], [[{}]], [[{"name": "s", "inline": {"container": {"image": "x"}}}]]],
    "dag": [
        {"tasks": [{"name": "a", "template": "main"}]},
        {"tasks": []},
        {},
        {"tasks": [{"name": "a", "depends": "a"}]},
    ],
    "container": [{}, {"image": "x"}, {"image": "", "command": [""]}, {"image": "x", "args": ["{{=1/0}}"]}],
    "suspend": [{}, {"duration": "x"}, {"duration": "-1"}, {"duration": "{{inputs.parameters.x}}"}],
    "script": [{"source": "x"}, {"image": "x", "source": "{{inputs.parameters.x}}"}],
    "containerSet": [{"containers": [{"name": "main", "image": "x"}]}, {"containers": []}],
    "resource": [{"action": "get"}, {"action": "create", "manifest": "kind: X"}, {"action": "zzz", "manifest": "{"}],
    "http": [{"url": "http://localhost/"}, {}],
    "data": [{"source": {}, "transformation": [{"expression": "data"}]}],
    "plugin": [{"x": {}}, {}],
    "hooks": [{"exit": {"template": "main"}}, {"running": {"expression": "true", "template": "main"}}, {"x": {}}],
    "onExit": ["main", "zzz", ""],
    "inputs": [{"parameters": [{"name": "x"}]}, {"parameters": [{"name": "x", "default": 1}, {"name": "x"}]}],
    "outputs": [{"parameters": [{"name": "x", "valueFrom": {"path": "/x"}}]}, {"parameters": [{"name": "y"}]}],
    "arguments": [{"parameters": [{"name": "x", "value": "{{item}}"}]}, {"parameters": []}],
    "synchronization": [{"mutex": {"name": "x"}}, {"semaphores": [{}]}, {"mutexes": [{"name": "{{item}}"}] * 2}],
    "memoize": [{"key": "x", "cache": {"configMap": {"name": "c"}}}, {"key": "{{item}}"}],
    "templateRef": [{"name": "x", "template": "y"}, {"name": "{{item}}", "template": "y"}, {}],
    "workflowTemplateRef": [{"name": "x"}, {}],
    "templateDefaults": [{"container": {"image": "x"}}, {"steps": [[]]}, {"retryStrategy": {"limit": 1}}],
    "continueOn": [{"failed": True}, {"error": "x"}],
    "shutdown": ["Stop", "Terminate", "x"],
    "status": [{"phase": "Running"}, {"nodes": {"a": {}}}, {"nodes": []}, {"phase": "Succeeded", "nodes": None}],
    "podSpecPatch": ["{", "containers: []", "{{=1}}", '{"volumes": null}', "a: &a [*a]"],
    "volumes": [[{"name": "v"}], [{}], [{"name": "v", "emptyDir": {}}] * 2],
    "metadata": [{}, {"name": "X" * 300}, {"labels": {"a": 1}}, {"name": "a", "annotations": {"": ""}}],
    "kind": ["CronWorkflow", "WorkflowTemplate", "Pod", "", 3],
    "priority": [1, -(2**31)],
    "schedule": ["* * * * *", "x"],
    "schedules": [["@daily"], [], [1]],
    "daemon": [True],
    "metrics": [{"prometheus": [{"name": "x", "help": "y", "counter": {"value": "1"}}]}, {"prometheus": [{}]}],
}


# ---------------------------------------------------------------- texts


def _cut(random: Random, text: str) -> str:
    start = random.randint(0, len(text))
    return text[:start] + text[start + random.choice((1, 5, 200)) :]


def _truncate(random: Random, text: str) -> str:
    return text[: random.randint(0, len(text))]


def _stick(random: Random, text: str) -> str:
    start = random.randint(0, len(text))
    return text[:start] + random.choice((*_FRAGMENTS, *_SNIPPETS)) + text[start:]


def _lines(random: Random, text: str) -> str:
    lines = text.split("\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines[first], lines[second] = lines[second], lines[first]
        case 1:
            lines.insert(first, lines[second])
        case 2:
            lines[first] = " " * random.randint(0, 9) + lines[first].lstrip()
        case _:
            del lines[first]
    return "\n".join(lines)


def _bomb(random: Random, text: str) -> str:
    return random.choice(tuple(_bombs()))(random, text)


def _bombs() -> Iterator[Callable[[Random, str], str]]:
    aliases = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    merges = "m0: &m0 {a: 1}\n" + "".join(
        f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    yield lambda random, text: text + "\n" + aliases
    yield lambda random, text: aliases + text
    yield lambda random, text: text + "\n" + merges
    yield lambda random, text: text + "\nx: " + "[" * random.choice((50, 500, 100_000))
    yield lambda random, text: text + "\nx: " + "{a: " * random.choice((50, 500, 50_000))
    yield lambda random, text: text + "\n" + "".join(f"{' ' * n}a:\n" for n in range(random.choice((50, 700))))
    yield lambda random, text: text + "\n" + "- " * random.choice((50, 20_000)) + "x"
    yield lambda random, text: '{"a": ' * random.choice((50, 100_000))
    yield lambda random, text: "[" * 100_000
    yield lambda random, text: text + "\nx: &x [*x]"
    yield lambda random, text: text + "\nn: " + "9" * random.choice((30, 5_000, 200_000))
    yield lambda random, text: text.replace("name: ", "name: &n ", 1) + "\nother: *n"
    yield lambda random, text: text * random.choice((2, 30))
    yield lambda random, text: (text + "\n---\n") * random.choice((2, 30))
    yield lambda random, text: "? " * random.choice((50, 5_000)) + text
    yield lambda random, text: "%YAML 9.9\n---\n" + text
    yield lambda random, text: text + "\n" + "\n".join(f"k{n}: {n}" for n in range(20_000))
    yield lambda random, text: "!" * 2_000 + text


def _windows(random: Random, text: str) -> str:
    return "\ufeff" + text.replace("\n", "\r\n")


def _tabs(random: Random, text: str) -> str:
    return text.replace("  ", "\t", random.choice((1, 1000)))


_SNIPPETS = (
    ": ", "- ", "\n---\n", "\n...\n", "!!python/object/apply:os.system [x]", "!!binary aGk=", "!!set {a}", "<<: *x",
    "&a ", "*a", "|\n",
    ">\n", "#", "\n\n", "? ", "'", '"\\ud800"', '"\\u0000"', "0o17", "1e400", ".inf", ".nan", "~", "=",
    "[", "}",
)  # fmt: skip
_TEXT: tuple[Callable[[Random, str], str], ...] = (
    _cut, _truncate, _stick, _stick, _lines, _lines, _lines, _bomb, _windows, _tabs,
)  # fmt: skip
