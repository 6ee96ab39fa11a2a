"""`seedal frontier`: many budgets at once."""

from pathlib import Path
from typing import Any, Final

import pytest
from doors import run_seedal
from problems_on_disk import write_rules
from stored import Golden, Plain

RANGE: Final = ("--from", "5%", "--to", "80%", "--steps", "6")
EXACT: Final = ("--gap", "0")

QUESTIONS: Final[dict[str, tuple[tuple[str, ...], Any]]] = {
    "a range": (("rooms.npz", *RANGE), None),
    "a range, proven": (("rooms.npz", *RANGE, *EXACT), None),
    "a range, nested": (("rooms.npz", *RANGE, "--nested"), None),
    "amounts and percentages": (("rooms.npz", "--budgets", "12,30%,60"), None),
    "pairs": (("pairs.txt", *RANGE, *EXACT), None),
    "pairs, nested": (("pairs.txt", *RANGE, "--nested"), None),
    "worth of their own": (("profits.npz", *RANGE), None),
    "rules": (
        ("rooms.npz", *RANGE, *EXACT),
        {"exclude": ["scene-0"], "labelled": ["scene-12"], "max_scenes": 5},
    ),
    "rules, nested": (
        ("rooms.npz", "--from", "40%", "--to", "80%", "--steps", "4", "--nested"),
        {"include": ["scene-2"], "groups": [{"group": "odd", "min": 2}]},
    ),
    "a side budget": (
        ("rooms.npz", "--from", "5%", "--to", "30%", "--steps", "3"),
        {"side_budgets": [{"resource": "hours", "limit": 15}]},
    ),
    "rules that the smallest budget does not pay": (
        ("rooms.npz", *RANGE),
        {"include": ["scene-2", "scene-3"], "min_scenes": 4},
    ),
    "a larger pool": (("large.npz", "--budgets", "2%,5%", "--gap", "0.05"), None),
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("form", ["JSON", "people"])
def test_frontiers_stay(question: str, form: str, problems: Path) -> None:
    """Each budget's selection, objective and bound, and the knee, are the golden ones."""
    words, rules = QUESTIONS[question]
    rest = ["--json"] if form == "JSON" else []
    if rules is not None:
        rest += ["--constraints", str(write_rules(problems / "r.json", rules))]
    answer = run_seedal("frontier", *words, "--time-limit", 60, *rest).answer()
    Golden("frontier").holds(f"{question}, for {form}", Plain()(answer))
