"""Problem files that are not as they should be, and what they bring of their own."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choosing.constraints import ConstraintsFile, GroupLimit
from app.choosing.problem_files import problem_of, read_problem_file
from app.errors import InvalidRequestError

RULES: dict[str, Any] = {
    "include": [0],
    "exclude": [],
    "labelled": [2],
    "min_items": 1,
    "max_items": None,
    "groups": [{"name": "even", "items": [0, 2], "minimum": 1, "maximum": 2}],
    "resources": [{"name": "hours", "limit": 4.0}],
}

ARRAYS: dict[str, Any] = {
    "objective": np.array("coverage"),
    "amounts": np.eye(4),
    "weights": np.ones(4),
    "held": np.zeros(4),
    "costs": np.arange(1.0, 5.0),
    "ids": np.array(["a", "b", "c", "d"]),
    "groups": np.array(["even", "", "even", "odd"]),
    "resource_hours": np.ones(4),
    "resource_euros": np.ones(4),
    "budget": np.float64(6.0),
    "constraints": np.array(json.dumps(RULES)),
}


def file(folder: Path, **changes: object) -> Path:
    """Write a problem; a change that is None leaves the array out."""
    path = folder / "problem.npz"
    content = {name: array for name, array in (ARRAYS | changes).items() if array is not None}
    np.savez(path, **content)
    return path


def test_a_file_brings_its_rules(tmp_path: Path) -> None:
    """Budget, constraints, groups and resources are the file's where nothing else is said."""
    known = read_problem_file(file(tmp_path))
    rules = problem_of(known, known.budgets[0]).constraints
    assert known.budgets == (6.0,)
    assert (rules.include.tolist(), rules.labelled.tolist(), rules.min_items) == ([0], [2], 1)
    assert [group.items.tolist() for group in rules.groups] == [[0, 2]]
    assert [(one.name, one.limit) for one in rules.resources] == [("hours", 4.0)]
    assert {name: items.tolist() for name, items in known.groups.items()} == {
        "even": [0, 2],
        "odd": [3],
    }


def test_rules_that_are_given_take_the_place_of_those_of_the_file(tmp_path: Path) -> None:
    """They find every group of the file by its name, also one that no rule was about."""
    known = read_problem_file(file(tmp_path))
    given = ConstraintsFile(groups=(GroupLimit(group="odd", max=0),))
    rules = problem_of(known, 6.0, given).constraints
    assert not rules.fixes
    assert [(group.name, group.items.tolist()) for group in rules.groups] == [("odd", [3])]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"objective": np.array("luck")}, "there is no objective 'luck'; there are signatures"),
        ({"objective": np.array(1.0)}, "objective must be text, not float64 in 0 dimension(s)."),
        ({"objective": np.array(["coverage"])}, "objective must be text"),
        (
            {"amounts": None},
            "there is no array 'amounts'; amounts, weights, held and costs are needed.",
        ),
        ({"amounts": np.ones(4)}, "amounts must be numbers in 2 dimension(s)"),
        (
            {"costs": None},
            "there is no array 'costs'; amounts, weights, held and costs are needed.",
        ),
        ({"objective": np.array("sum"), "shares": np.ones(1)}, "terms must be names"),
        ({"objective": np.array("sum"), "terms": np.array(["design"])}, "no array 'shares'"),
        (
            {"objective": np.array("sum"), "terms": np.array(["k_center"])},
            "terms must be names of what is added up: coverage or design.",
        ),
        (
            {"objective": np.array("sum"), "terms": np.array(["coverage"]), "shares": np.ones(1)},
            "there is no array 'term0_amounts'",
        ),
        (
            {
                "objective": np.array("design"),
                "factors": np.eye(4),
                "sizes": np.array([0.5, 1.5, 1.0, 1.0]),
                "ridge": np.float64(1.0),
                "prior": np.eye(4),
            },
            "sizes must be whole numbers",
        ),
        ({"constraints": np.array("{")}, "constraints: Invalid JSON"),
        ({"constraints": np.array(json.dumps(RULES | {"more": 1}))}, "constraints/more: Extra"),
        ({"constraints": np.array(json.dumps(RULES | {"include": [True]}))}, "include/0"),
        ({"constraints": np.array(json.dumps(RULES | {"min_items": 2**70}))}, "min_items"),
        ({"constraints": np.array(json.dumps(RULES | {"include": [9]}))}, "include has item 9"),
        ({"constraints": np.array(json.dumps(RULES | {"include": [1, 1]}))}, "has item 1 twice"),
        ({"resource_hours": None}, "there are no costs of resource 'hours'"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    """It names the array, the rule, and what was found."""
    with pytest.raises(InvalidRequestError) as refused:
        problem_of(read_problem_file(file(tmp_path, **changes)), 6.0)
    assert sentence in refused.value.detail
    assert len(refused.value.detail.splitlines()) == 1


def test_pairs_are_told_by_their_utilities(tmp_path: Path) -> None:
    """Without a name of the objective, a matrix of pair utilities is a quadratic knapsack."""
    matrix = np.ones((4, 4)) - np.eye(4)
    path = file(
        tmp_path, objective=None, amounts=None, held=None, utilities=matrix, constraints=None
    )
    problem = problem_of(read_problem_file(path), 6.0)
    assert type(problem).__name__ == "PairProblem"
