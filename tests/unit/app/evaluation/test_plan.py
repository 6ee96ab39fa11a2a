"""What may be asked of an evaluation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.choosing.budgets import parse_budget
from app.errors import AppError
from app.evaluation.cuts import parse_cut
from app.evaluation.plan import ComparisonPlan
from features.errors import FeatureError
from features.settings import FeatureSettings

PLAN = ComparisonPlan(
    cuts=(parse_cut("frame"),),
    budgets=(parse_budget("10%"), parse_budget("20%")),
    objectives=("seedal", "seedal/greedy"),
    baselines=("k_center",),
    backbones=("colour_grid",),
)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cuts": ()}, "at least one cut"),
        ({"budgets": ()}, "at least one budget"),
        ({"backbones": ()}, "at least one backbone"),
        ({"rounds": 1, "acquisitions": ()}, "at least one acquisition"),
        ({"cuts": (parse_cut("frame"),) * 2}, "The cut frame is given twice"),
        ({"budgets": (parse_budget("3%"),) * 2}, "The budget 3% is given twice"),
        ({"objectives": ("seedal", "seedal")}, "The objective seedal is given twice"),
        ({"baselines": ("k_center",) * 2}, "The baseline k_center is given twice"),
        ({"backbones": ("auto", "auto")}, "The backbone auto is given twice"),
        ({"acquisitions": ("random",) * 2}, "The acquisition random is given twice"),
        ({"random": 1}, "--random must be from 2 to 1,000, not 1"),
        ({"random": 1001}, "--random must be from 2 to 1,000, not 1001"),
        ({"repetitions": 0}, "--repetitions must be from 1 to 1,000, not 0"),
        ({"starts": 0}, "--starts must be from 1 to 1,000, not 0"),
        ({"rounds": -1}, "--rounds must be at least 0, not -1"),
        ({"random_seed": -1}, "--random-seed must be at least 0, not -1"),
        ({"time_limit_s": float("nan")}, "--time-limit must be at least 0 seconds, not nan"),
        ({"time_limit_s": -1.0}, "--time-limit must be at least 0 seconds, not -1"),
        ({"budgets": (parse_budget("0"),)}, "budget of 0"),
        ({"objectives": ("prettiest",)}, "no objective 'prettiest'"),
        ({"objectives": ("seedal/magic",)}, "no strategy 'magic'"),
        ({"baselines": ("random",)}, "no baseline 'random'"),
        ({"acquisitions": ("luck",)}, "no acquisition 'luck'; there are random, entropy"),
        ({"backbones": ("colour_grid", "resnet1000")}, "unknown backbone 'resnet1000'"),
        (
            {
                "backbones": ("colour_grid", "auto"),
                "features": FeatureSettings(weights=Path("w.pth")),
            },
            "one backbone's checkpoint",
        ),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes: dict[str, Any], sentence: str) -> None:
    """Each rule has its sentence, and no file is read to know it is broken."""
    with pytest.raises((AppError, FeatureError), match=sentence):
        replace(PLAN, **changes)


def test_no_two_random_seeds_are_the_same() -> None:
    """Neither of one plan, nor of its repetitions, nor of plans with another random seed."""
    numbers = [
        asked.first_random_seed(repetition) + k
        for asked in (PLAN, replace(PLAN, random_seed=1))
        for repetition in (0, 1, 999)
        for k in (0, 1, 999)
    ]
    assert len(set(numbers)) == len(numbers)
    assert len({replace(PLAN, random_seed=r).stream(k) for r in range(3) for k in range(3)}) == 9


def test_nothing_need_be_compared_with_random_seeds() -> None:
    """Without objectives and baselines the spread of chance is measured alone."""
    assert replace(PLAN, objectives=(), baselines=(), acquisitions=()).rounds == 0
