"""The tree shows containment, folds what repeats, and says which rows changed."""

from __future__ import annotations

import base64
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from argotui.engine.glyphs import ASCII, State
from argotui.engine.nodemap import NodesUnreadable, node_map
from argotui.engine.outline import Outline
from argotui.engine.tree import PAGE, Tree, display_rows
from argotui.engine.tree_rows import Fold
from argotui.store.text import neutralise
from tests.unit.tree.drawing import drawn, fresh, lines, node, nodes, recorded

PICTURES = {
    "steps-nested": """
        ✔ steps-nested
        ├─✔ prep
        ├┬✔ sub
        ││├─✔ i1
        ││└┬✔ i2
        ││ └✔ i3
        │└✔ graph
        │ ├─✔ t1
        │ └─✔ t2
        └─✔ wrap
        """,
    "exit-handler-failed": """
        ✗ exit-handler-failed
        ✔ exit-handler-failed.onExit
        └┬✔ report
         ├○ party
         └✔ cry
        """,
    "retry-limit": """
        ✗ retry-limit
        ├─✗ never (3 tries ✗✗✗)
        └─✔ second (2 tries ✗✔)
        """,
    "fan-out-60": """
        ✔ fan-out-60
        ├─✔ f ×60 60✔
        └─✔ end
        """,
    "recursion": """
        ✔ recursion
        ├─✔ dec
        └─✔ again
          ├─✔ dec
          └─✔ again
            ├─✔ dec
            └─○ again
        """,
}


@pytest.mark.parametrize("case", PICTURES)
def test_recorded_workflows_are_drawn_by_containment(case: str) -> None:
    rows = display_rows(recorded(case), clean=neutralise, folded=True)
    assert drawn(rows) == lines(PICTURES[case])


def test_the_ascii_twin_has_the_same_shape() -> None:
    rows = display_rows(recorded("steps-nested"), clean=neutralise)
    picture = drawn(rows, ASCII)
    assert all(line.isascii() for line in picture)
    assert picture[1:4] == ["|-+ prep", "|=+ sub", "|||-+ i1"]


def test_a_print_out_has_everything_unfolded() -> None:
    rows = display_rows(recorded("fan-out-60"), clean=neutralise)
    assert len(rows) == 63
    assert rows[2].name == "f(0:0)"
    assert rows[12].name == "f(10:10)"


def test_rows_carry_pods_templates_and_messages() -> None:
    rows = {row.name: row for row in display_rows(recorded("retry-limit"), clean=neutralise, folded=True)}
    assert rows["never"].message == "No more retries left"
    assert rows["never"].tries == (State.FAILED,) * 3
    assert rows["never"].pod == "retry-limit-never-734458348"
    assert rows["never"].template == "never"


def test_a_failed_child_is_called_by_its_name() -> None:
    rows = display_rows(recorded("steps-parallel-failure"), clean=neutralise)
    assert rows[0].message == "child 'bad' failed"


PIPELINE = {
    "spec": {
        "entrypoint": "main",
        "templates": [
            {
                "name": "main",
                "dag": {
                    "tasks": [
                        {"name": "ship", "template": "go", "dependencies": ["gate"]},
                        {"name": "gate", "template": "hold", "depends": "build && test.Succeeded"},
                        {"name": "test", "template": "go", "dependencies": ["build"]},
                        {"name": "build", "template": "go"},
                    ]
                },
            },
            {"name": "hold", "suspend": {}},
            {"name": "nap", "suspend": {"duration": "10"}},
        ],
    }
}


def test_tasks_that_were_not_created_yet_are_shown_in_the_order_of_their_dependencies() -> None:
    tree = Tree("wf", clean=str)
    root = node("wf", "DAG", "Running", templateName="main")
    tree.apply(nodes(root, node("wf.build", phase="Running")), Outline(PIPELINE))
    assert drawn(tree.rows) == ["● wf", "├─● build", "├─· test", "├─· gate", "└─· ship"]
    tree.apply(nodes(root, node("wf.build"), node("wf.test", phase="Failed")))
    assert drawn(tree.rows) == ["● wf", "├─✔ build", "├─✗ test", "├─· gate", "└─· ship"]
    tree.apply(nodes({**root, "phase": "Failed"}, node("wf.build"), node("wf.test", phase="Failed")))
    assert drawn(tree.rows) == ["✗ wf", "├─✔ build", "└─✗ test"]


def test_a_gate_waits_for_a_person_and_a_delay_does_not() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(
        nodes(
            node("wf", "DAG", "Running", templateName="main"),
            node("wf.gate", "Suspend", "Running", templateName="hold"),
            node("wf.test", "Suspend", "Running", templateName="nap"),
        ),
        Outline(PIPELINE),
    )
    assert [row.name for row in tree.waiting()] == ["gate"]


def loop_of(count: int, **phases: str) -> dict[str, dict[str, object]]:
    items = [node(f"wf[0].f({i}:{i})", phase=phases.get(f"i{i}", "Succeeded"), boundary="wf") for i in range(count)]
    return nodes(node("wf", "Steps", "Running"), node("wf[0]", "StepGroup", "Running"), *items)


def test_a_long_loop_is_one_row_and_its_broken_members_stand_out() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(loop_of(60, i7="Failed", i9="Running"))
    assert drawn(tree.rows) == ["● wf", "└─● f ×60 1● 58✔ 1✗", "  └─✗ f(7:7)"]
    tree.toggle(tree.rows[1].key)
    assert len(tree.rows) == 62
    tree.toggle(tree.rows[1].key)
    assert drawn(tree.rows) == ["● wf", "└─● f ×60 1● 58✔ 1✗"]


def test_a_hook_of_a_loop_is_no_item_of_it() -> None:
    tree = Tree("wf", clean=str)
    items = [node(f"wf.f({i}:{i})") for i in range(60)]
    group = [node("wf", "DAG", "Running"), node("wf.f", "TaskGroup", "Running")]
    hook = node("wf.f.onExit", phase="Running", nodeFlag={"hooked": True})
    tree.apply(nodes(*group, *items, hook))
    assert drawn(tree.rows) == ["● wf", "└─● f ×60 60✔"]
    tree.apply(nodes(*group, *items, {**hook, "phase": "Failed"}))
    assert drawn(tree.rows) == ["● wf", "└─● f ×60 60✔", "  └─✗ onExit"]


def test_a_loop_of_thousands_opens_page_by_page() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(loop_of(1000))
    tree.toggle(tree.rows[1].key)
    assert tree.rows[-1].name == "… 800 more"
    assert tree.rows[-1].fold is Fold.MORE
    tree.toggle(tree.rows[-1].key)
    assert len(tree.rows) == 2 + 2 * PAGE + 1
    assert tree.rows[-1].name == "… 600 more"


def test_one_change_names_one_row_and_those_that_sum_it_up() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(loop_of(5))
    before = list(tree.rows)
    changed = tree.apply(loop_of(5, i3="Failed"))
    assert changed.rows == (1, 5)
    assert changed.moved_from is None
    assert [new is old for new, old in zip(tree.rows, before, strict=True)] == [
        True,
        False,
        True,
        True,
        True,
        False,
        True,
    ]
    assert not tree.apply(loop_of(5, i3="Failed"))


def test_a_new_row_says_from_where_on_rows_moved() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(loop_of(3))
    assert tree.apply(loop_of(4)).moved_from == 5
    assert tree.number_of(tree.rows[5].key) == 5


def test_the_errors_are_visited_in_order_wherever_they_are_folded_away() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(loop_of(700, i5="Failed", i650="Error"))
    names = []
    key = None
    for _ in range(3):
        key = tree.next_error(key)
        assert key is not None
        tree.reveal(key)
        row = tree.row_of(key)
        assert row is not None
        names.append(row.name)
    assert names == ["f(5:5)", "f(650:650)", "f(5:5)"]
    assert tree.next_error(key, -1) == tree.rows[652].key


def test_a_try_that_was_made_good_is_no_error() -> None:
    case = recorded("retry-limit")
    tree = Tree("retry-limit", clean=str)
    tree.apply(case["status"]["nodes"])
    found = tree.next_error(None)
    assert found is not None
    assert tree.next_error(found) == found
    row = tree.row_of(found)
    assert row is not None
    assert row.name == "never"


def test_keeping_only_some_rows_keeps_what_they_lie_in() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(loop_of(60, i7="Failed"))
    tree.keep(lambda row: row.state is State.FAILED)
    assert [row.name for row in tree.rows] == ["wf", "f", "f(7:7)"]
    tree.keep(None)
    assert len(tree.rows) == 3


def test_a_retry_of_the_workflow_takes_nodes_away() -> None:
    tree = Tree("wf", clean=str)
    tree.apply(nodes(node("wf", "DAG", "Failed"), node("wf.a"), node("wf.b", phase="Failed"), node("wf.onExit")))
    assert drawn(tree.rows) == ["✗ wf", "├─✔ a", "└─✗ b", "✔ onExit"]
    tree.apply(nodes(node("wf", "DAG", "Running"), node("wf.a")))
    assert drawn(tree.rows) == ["● wf", "└─✔ a"]


def test_twelve_hundred_levels_are_no_problem() -> None:
    names = ["wf" + ".again" * depth for depth in range(1200)]
    deep = nodes(*(node(n, "DAG", boundary=n.rpartition(".")[0] or "wf") for n in names))
    tree = Tree("wf", clean=str)
    tree.apply(deep)
    assert len(tree.rows) == 1200
    last = tree.rows[-1]
    assert len(last.guides()) == 2 * 1199
    assert last.guides(levels=4) == "      └─"
    assert len(list(tree.below("wf"))) == 1200


def test_nodes_that_contain_each_other_are_still_shown() -> None:
    ring = nodes(node("wf", "DAG"), node("wf.a", "DAG", boundary="wf.b"), node("wf.b", "DAG", boundary="wf.a"))
    tree = Tree("wf", clean=str)
    tree.apply(ring)
    assert sorted(row.name for row in tree.rows) == ["a", "b", "wf"]


def test_every_text_of_a_row_is_clean() -> None:
    evil = "x\x1b]0;pwned\x07\u202e"
    made = node("wf", "Pod", "Failed", message=evil, templateName=evil, progress=evil, startedAt=evil, finishedAt=evil)
    made.update(displayName=evil, type=evil)
    tree = Tree("wf", clean=neutralise)
    tree.apply({"wf": made})
    (row,) = tree.rows
    for text in (row.name, row.message, row.template, row.progress, row.started, row.finished, row.type):
        assert neutralise(text) == text


def test_compressed_nodes_are_unpacked_and_damage_is_named() -> None:
    plain = {"wf": node("wf")}
    packed = base64.b64encode(gzip.compress(json.dumps(plain).encode())).decode()
    assert node_map({"status": {"compressedNodes": packed}}) == plain
    assert node_map({}) == {}
    for broken in ("%%", base64.b64encode(b"\x28\xb5\x2f\xfd").decode(), packed[:40]):
        with pytest.raises(NodesUnreadable, match="compressedNodes"):
            node_map({"status": {"compressedNodes": broken}})
    with pytest.raises(NodesUnreadable, match="database"):
        node_map({"status": {"offloadNodeStatusVersion": "fnv:1"}})


PHASES = st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Skipped"])
NAMES = [
    "wf.a",
    "wf.b",
    "wf.a.x",
    "wf.l",
    "wf.r",
    *(f"wf.l({i}:{i})" for i in range(12)),
    *(f"wf.r({i})" for i in range(3)),
]
TYPES = {"wf.a": "DAG", "wf.l": "TaskGroup", "wf.r": "Retry"}


def _node(name: str, phase: str) -> dict[str, object]:
    return node(name, TYPES.get(name, "Pod"), phase, boundary="wf.a" if name == "wf.a.x" else "wf")


STATES = st.dictionaries(st.sampled_from(NAMES), PHASES).map(
    lambda chosen: nodes(node("wf", "DAG", "Running"), *(_node(name, phase) for name, phase in chosen.items()))
)


@settings(max_examples=100, deadline=None)
@given(st.lists(STATES, min_size=2, max_size=5), st.booleans())
def test_following_a_workflow_gives_the_picture_of_its_last_state(
    history: list[dict[str, dict[str, object]]], fold: bool
) -> None:
    tree = Tree("wf", clean=str)
    folds = {"wf": False, node("wf.l")["id"]: fold}
    for key, folded in folds.items():
        tree.fold(key, folded)
    for state in history:
        before = list(tree.rows)
        changed = tree.apply(state)
        limit = len(tree.rows) if changed.moved_from is None else changed.moved_from
        silent = [n for n in range(min(limit, len(before))) if n not in changed.rows]
        assert all(before[n] == tree.rows[n] for n in silent)
    assert drawn(tree.rows) == fresh(history[-1], folds)
