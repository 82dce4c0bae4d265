import pytest
from hypothesis import given
from hypothesis import strategies as st

from argotui.controller.composing import NotComposable, PatchQueue, compose
from argotui.model.patching import merge_patch

_leaf = st.none() | st.integers(0, 3) | st.just("x")
_patch = st.recursive(
    st.dictionaries(st.sampled_from("abc"), _leaf, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), _leaf | inner, max_size=3),
    max_leaves=8,
)


def _drop_nulls(value):
    if isinstance(value, dict):
        return {k: _drop_nulls(v) for k, v in value.items() if v is not None}
    return value


_document = _patch.map(_drop_nulls)


@given(_document, _patch, _patch)
def test_a_joined_patch_does_what_the_two_do(document, first, second) -> None:
    try:
        joined = compose(first, second)
    except NotComposable:
        return
    assert merge_patch(document, joined) == merge_patch(merge_patch(document, first), second)


@given(_document, st.lists(_patch, max_size=5))
def test_a_queue_does_what_all_its_patches_do(document, patches) -> None:
    queue = PatchQueue()
    expected = document
    for patch in patches:
        queue.add(patch)
        expected = merge_patch(expected, patch)
    found = document
    while queue:
        found = merge_patch(found, queue.take())
    assert found == expected


def test_filling_what_was_removed_takes_two_writes() -> None:
    with pytest.raises(NotComposable):
        compose({"a": None}, {"a": {"b": 1}})
    queue = PatchQueue()
    queue.add({"a": None})
    queue.add({"a": {"b": 1}})
    queue.add({"a": {"c": 2}})
    assert [queue.take(), queue.take(), bool(queue)] == [{"a": None}, {"a": {"b": 1, "c": 2}}, False]


def test_put_back_goes_before_what_came_meanwhile() -> None:
    queue = PatchQueue()
    queue.add({"a": 1, "b": 1})
    taken = queue.take()
    queue.add({"b": 2})
    queue.put_back(taken)
    assert queue.take() == {"a": 1, "b": 2}
    assert not queue
