"""A few of the manifests of `make fuzz`, in every run of the tests; and every one that was a failure once."""

from __future__ import annotations

import random
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from argotui.model.manifest import load_manifests, read_manifests
from argotui.model.problem import ManifestError
from tests.fuzz.mutate import Random, corpus, mutate
from tests.fuzz.take import REFUSED, RUN, take

SEEDS = 20


@cache
def texts() -> list[str]:
    return corpus()


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_whatever_is_changed_is_run_or_refused(chance: Random) -> None:
    assert take(mutate(chance, texts())) in (RUN, REFUSED)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_the_first_of_make_fuzz(seed: int) -> None:
    assert take(mutate(random.Random(seed), texts())) in (RUN, REFUSED)


HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: a-}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"apiVersion":"v1","kind":"X","metadata":{"name":"\\ud800"}}', "half of a character"),
        (HEAD + "spec: {<<: []}", ""),
        (HEAD + "x: " + "[" * 100_000, "nested more than 100 levels deep"),
        ("- " * 100_000, "nested more than 100 levels deep"),
        ('{"a": ' * 100_000, "nested more than 100 levels deep"),
        (HEAD + "x: \x00", "character U+0000 is not allowed"),
        (HEAD + "x: &x [*x]", "*x refers to something that contains it"),
    ],
)
def test_bombs(text: str, said: str) -> None:
    if not said:
        assert load_manifests(text, "f.yaml")
        return
    with pytest.raises(ManifestError) as caught:
        load_manifests(text, "f.yaml")
    assert said in str(caught.value)


def test_aliases_of_aliases() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    with pytest.raises(ManifestError, match="aliases make more than 500000 values"):
        load_manifests(bomb, "f.yaml")


def test_thousands_of_faults_are_told_in_part() -> None:
    [manifest] = read_manifests(HEAD + "spec: {}\n" + "\n".join(f"k{n}: {n}" for n in range(20_000)), "f.yaml")
    assert len(manifest.faults) == 501
    assert str(manifest.faults[-1]) == "f.yaml:1:1: 19500 more problems like these"
    assert not manifest.checkable
