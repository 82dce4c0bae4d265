"""What rules allow, and which rights they lack over others."""

from __future__ import annotations

import pytest

from argotui.model.rbac import Right, Rule, Rules


def rule(group: str, resources: str, verbs: str, names: str = "") -> Rule:
    """A rule of words."""
    return Rule(tuple(verbs.split()), (group,), tuple(resources.split()), tuple(names.split()))


PODS = rule("", "pods pods/log", "get list")
NAMED = rule("", "secrets", "get", "a b")


@pytest.mark.parametrize(
    ("right", "allowed"),
    [
        (Right("get", "", "pods"), True),
        (Right("get", "", "pods", "x"), True),
        (Right("get", "", "pods/log", "x"), True),
        (Right("get", "", "pods/exec", "x"), False),
        (Right("delete", "", "pods", "x"), False),
        (Right("get", "apps", "pods", "x"), False),
        (Right("get", "", "secrets", "a"), True),
        (Right("get", "", "secrets", "c"), False),
        (Right("get", "", "secrets"), False),
    ],
)
def test_what_rules_allow(right: Right, allowed: bool) -> None:
    rules = Rules([PODS, NAMED])
    assert rules.allow(right) is allowed
    assert rules.allow(right) is allowed, "the answer is the same when it is remembered"


@pytest.mark.parametrize(
    ("own", "right", "allowed"),
    [
        (rule("*", "*", "*"), Right("anything", "any.io", "things/part", "x"), True),
        (rule("", "*/log", "get"), Right("get", "", "pods/log", "x"), True),
        (rule("", "*/log", "get"), Right("get", "", "pods", "x"), False),
        (rule("", "*/*", "get"), Right("get", "", "pods/log", "x"), False),
        (rule("", "pods/*", "get"), Right("get", "", "pods/log", "x"), False),
        (rule("", "pods", "get"), Right("get", "", "pods/log", "x"), False),
    ],
)
def test_stars(own: Rule, right: Right, allowed: bool) -> None:
    assert Rules([own]).allow(right) is allowed


def test_a_rule_with_names_beside_one_without() -> None:
    rules = Rules([NAMED, rule("", "secrets", "get")])
    assert rules.allow(Right("get", "", "secrets", "c"))
    assert Rules([NAMED]).allow_some(Right("get", "", "secrets"))
    assert not Rules([NAMED]).allow_some(Right("list", "", "secrets"))


def test_paths() -> None:
    rules = Rules([Rule(("get",), urls=("/healthz", "/apis/*"))])
    assert rules.allow_url("get", "/healthz")
    assert rules.allow_url("get", "/apis/x/y")
    assert not rules.allow_url("get", "/healthz/x")
    assert not rules.allow_url("post", "/healthz")


def test_what_is_lacking_is_told_by_kind() -> None:
    wanted = [rule("", "pods secrets", "get delete"), rule("", "secrets", "get", "a z")]
    lacking = sorted(map(str, Rules([PODS, NAMED]).lacking(wanted)))
    assert lacking == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["z"], Verbs:["get"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    ]
    assert not Rules([rule("*", "*", "*")]).lacking(wanted)
    assert Rules([rule("*", "*", "*")]).lacking([Rule(("get",), urls=("/x",))])


def test_documents_and_back() -> None:
    document = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]}
    assert Rule.of(document).document() == document
    assert Rule.of({"verbs": None}) == Rule()
    assert Right("get", "", "pods/log", "x").kind == "pods/log"
    assert Right("update", "argoproj.io", "workflows/status").kind == "workflows.argoproj.io/status"
