"""`seedal solve`: every file, strategy and rule."""

from pathlib import Path
from typing import Any, Final

import pytest
from doors import run_seedal
from problems_on_disk import write_rules
from stored import Golden, Plain

LIMIT: Final = ("--time-limit", "60")
ROOMS: Final = ("rooms.npz", "--budget", "35%")
STRATEGIES: Final = ("auto", "greedy", "local_search", "exact", "cp_sat", "scip", "highs", "pulp")

QUESTIONS: Final[dict[str, tuple[tuple[str, ...], Any]]] = {
    **{f"{name} on signatures": ((*ROOMS, "--strategy", name), None) for name in STRATEGIES},
    **{f"{name} on pairs": (("pairs.txt", "--strategy", name), None) for name in STRATEGIES},
    "a folder of arrays": (("rooms", "--budget", "35%"), None),
    "a compressed knapsack": (("pairs.xz",), None),
    "a knapsack under another budget": (("pairs.txt", "--budget", "25%"), None),
    "items without names": (("nameless.npz", "--budget", "40"), None),
    "items with a worth of their own": (("profits.npz", "--budget", "30%"), None),
    "a budget in the file": (("budgeted.npz",), None),
    "nothing can be paid": (("rooms.npz", "--budget", "0.5"), None),
    "everything can be paid": (("rooms.npz", "--budget", "100%"), None),
    "a gap is enough": ((*ROOMS, "--gap", "0.1"), None),
    "another random seed": ((*ROOMS, "--strategy", "local_search", "--random-seed", "7"), None),
    "a larger pool": (("large.npz", "--budget", "5%", "--gap", "0.02"), None),
    "a pool for passes": (("passes.npz", "--budget", "3%", "--gap", "0.05"), None),
    "include": (ROOMS, {"include": ["scene-2", "scene-3"]}),
    "exclude": (ROOMS, {"exclude": ["scene-0", "scene-1"]}),
    "labelled": (ROOMS, {"labelled": ["scene-0", "scene-12"]}),
    "groups": (ROOMS, {"groups": [{"group": "even", "max": 2}, {"group": "odd", "min": 3}]}),
    "numbers of scenes": (ROOMS, {"min_scenes": 2, "max_scenes": 4}),
    "side budgets": (ROOMS, {"side_budgets": [{"resource": "hours", "limit": 15}]}),
    "all rules at once": (
        ROOMS,
        {
            "include": ["scene-2"],
            "exclude": ["scene-0"],
            "labelled": ["scene-12"],
            "min_scenes": 2,
            "max_scenes": 6,
            "groups": [{"group": "odd", "min": 2}],
            "side_budgets": [{"resource": "hours", "limit": 15}],
        },
    ),
    "all rules at once by local search": (
        (*ROOMS, "--strategy", "local_search"),
        {"include": ["scene-2"], "max_scenes": 5, "groups": [{"group": "odd", "min": 2}]},
    ),
    "all rules at once by CP-SAT": (
        (*ROOMS, "--strategy", "cp_sat"),
        {"include": ["scene-2"], "max_scenes": 5, "groups": [{"group": "odd", "min": 2}]},
    ),
    "rules by number": (("pairs.txt",), {"include": [3], "exclude": [1, 2]}),
    "what is included costs too much": (
        ("rooms.npz", "--budget", "20"),
        {"include": ["scene-1", "scene-2", "scene-3", "scene-4"]},
    ),
    "a minimum beyond the budget": (("rooms.npz", "--budget", "20"), {"min_scenes": 12}),
    "a group that is too small": (ROOMS, {"groups": [{"group": "odd", "min": 99}]}),
    "a side budget that pays for nothing": (
        ROOMS,
        {"min_scenes": 1, "side_budgets": [{"resource": "hours", "limit": 0}]},
    ),
}


def _words(problems: Path, question: str) -> list[str]:
    words, rules = QUESTIONS[question]
    rest = [] if rules is None else ["--constraints", str(write_rules(problems / "r.json", rules))]
    return ["solve", *words, *LIMIT, *rest]


@pytest.mark.parametrize("question", QUESTIONS)
def test_selections_and_bounds_stay(question: str, problems: Path) -> None:
    """The selection, its objective, its bound and the notes are those of the golden answer."""
    answer = run_seedal(*_words(problems, question), "--json").answer()
    Golden("solve").holds(question, Plain()(answer))


@pytest.mark.parametrize(
    "question",
    ["auto on signatures", "greedy on signatures", "a minimum beyond the budget", "auto on pairs"],
)
def test_what_people_read_stays(question: str, problems: Path) -> None:
    """Without --json the same answers are the same lines."""
    answer = run_seedal(*_words(problems, question)).answer()
    Golden("solve").holds(f"{question}, for people", Plain()(answer))
