"""Rules besides the budget: one model for HTTP's bodies and for the shell's files."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.choosing.constraint_files import read_constraints
from app.choosing.constraints import ConstraintsFile, UsablePool, constraints_of
from app.choosing.problem_files import ProblemFile, problem_of
from app.errors import InvalidRequestError

POOL = UsablePool(
    ids=("a", "b", "c", "d"),
    resources={"hours": np.array([1.0, 2.0, 3.0, 4.0])},
    group_names=("odd", None, "odd", "even"),
)


def read(tmp_path: Path, content: object) -> ConstraintsFile:
    """Write rules into a file and read them."""
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(content))
    return read_constraints(path)


def test_names_become_items(tmp_path: Path) -> None:
    """Scenes, groups and resources are found in the pool by their names."""
    rules = read(
        tmp_path,
        {
            "include": ["c", "a"],
            "exclude": ["b"],
            "labelled": ["d"],
            "min_scenes": 1,
            "max_scenes": 3,
            "groups": [{"group": "odd", "min": 1, "max": 2}],
            "side_budgets": [{"resource": "hours", "limit": 5}],
        },
    )
    found = constraints_of(POOL, rules, rules.side_budgets)
    assert (found.include.tolist(), found.exclude.tolist(), found.labelled.tolist()) == (
        [0, 2],
        [1],
        [3],
    )
    assert (found.min_items, found.max_items) == (1, 3)
    (group,), (resource,) = found.groups, found.resources
    assert (group.items.tolist(), group.minimum, group.maximum) == ([0, 2], 1, 2)
    assert (resource.costs.tolist(), resource.limit) == ([1.0, 2.0, 3.0, 4.0], 5.0)


def test_no_rules_are_no_constraints(tmp_path: Path) -> None:
    """An empty object keeps nothing."""
    found = constraints_of(POOL, read(tmp_path, {}))
    assert not found.fixes
    assert not found.limits


def test_items_without_ids_go_by_number(tmp_path: Path) -> None:
    """Where a problem's items have no names, they are numbered from 0."""
    file = ProblemFile(
        costs=np.ones(3),
        objective="signatures",
        arrays={"weights": np.ones(3), "vectors": np.eye(3)},
    )
    rules = read(tmp_path, {"include": [2], "exclude": [0]})
    found = problem_of(file, 2.0, rules).constraints
    assert (found.include.tolist(), found.exclude.tolist()) == ([2], [0])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "rules are an object with include, exclude, labelled, min_scenes, "),
        ({"includes": []}, "there is no rule 'includes'; the rules are include, exclude"),
        ({"include": "a"}, "include must be a list, not 'a'."),
        ({"include": [None]}, "include/0 must be text, not None."),
        ({"include": [True]}, "include/0 must be text, not True."),
        ({"min_scenes": -1}, "min_scenes must be at least 0, not -1."),
        ({"max_scenes": 1.5}, "max_scenes must be a whole number, not 1.5."),
        ({"groups": [{"min": 1}]}, "groups/0/group is missing."),
        ({"groups": [{"group": "odd", "most": 1}]}, "groups/0 has a member 'most' that no rule"),
        ({"groups": ["odd"]}, "groups/0 must be an object, not 'odd'."),
        ({"groups": [{"group": "odd", "max": True}]}, "must be a whole number, not True."),
        ({"side_budgets": [{"resource": "hours", "limit": "5"}]}, "must be a number, not '5'."),
        ({"side_budgets": [{"resource": "hours", "limit": -5}]}, "must be at least 0, not -5."),
    ],
)
def test_a_malformed_file_is_one_sentence(tmp_path: Path, content: object, sentence: str) -> None:
    """It names the file, the member, the rule, and what was found."""
    with pytest.raises(InvalidRequestError) as caught:
        read(tmp_path, content)
    assert caught.value.detail.startswith(f"{tmp_path / 'rules.json'}: ")
    assert sentence in caught.value.detail
    assert len(caught.value.detail.splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "sentence", "pointer"),
    [
        ({"exclude": ["x"]}, "exclude: 'x' is none of the items", "#/constraints/exclude"),
        ({"include": [0]}, "include: '0' is none of the items", "#/constraints/include"),
        ({"groups": [{"group": "x"}]}, "no item is of group 'x'", "#/constraints/groups"),
        (
            {"side_budgets": [{"resource": "x", "limit": 1}]},
            "no costs of resource 'x'",
            "#/side_budgets",
        ),
    ],
)
def test_what_there_is_not_is_named(
    tmp_path: Path, content: object, sentence: str, pointer: str
) -> None:
    """A rule about an item, a group or a resource that the pool has not is refused by name."""
    rules = read(tmp_path, content)
    with pytest.raises(InvalidRequestError, match=sentence) as caught:
        constraints_of(POOL, rules, rules.side_budgets)
    assert caught.value.pointer == pointer
