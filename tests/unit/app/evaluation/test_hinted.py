"""Recommended seeds with a hint, on the small labelled set."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from labelled_world import TRAIN

from app.choosing.budgets import parse_budget
from app.evaluation.cuts import parse_cut
from app.evaluation.experiment import evaluate
from app.evaluation.hinted import Teachers
from app.evaluation.methods import HintSize
from app.evaluation.outcome import Cell
from app.evaluation.plan import ComparisonPlan
from app.labelled.folder import LabelFolder
from features.backbones import Compute, identify

PLAN = ComparisonPlan(
    cuts=(parse_cut("window:1-4"),),
    budgets=(parse_budget("50%"),),
    objectives=("recommended", *(f"recommended+hint:{size}" for size in ("2", "50%", "all"))),
    baselines=(),
    backbones=("colour_grid",),
    random=2,
    starts=2,
)


@pytest.fixture(scope="module")
def cell(labelled: LabelFolder, tmp_path_factory: pytest.TempPathFactory) -> Cell:
    """Return what is found with hints of several sizes."""
    return evaluate(labelled, PLAN, tmp_path_factory.mktemp("cache")).cells[0]


def test_every_hinted_seed_keeps_the_budget(cell: Cell, labelled: LabelFolder) -> None:
    """Also with a first part that was bought to be the hint, which is in the seed."""
    scenes = parse_cut(cell.cut).scenes(TRAIN, PLAN.stream(0))
    for name, seeds in cell.methods.items():
        assert len(seeds) == 2, name
        for seed in seeds:
            assert len(set(seed.choice.scenes)) == len(seed.choice.scenes), name
            stems = [stem for scene in seed.choice.scenes for stem in scenes[scene]]
            cost = sum(labelled.cost(stem, "pixels") for stem in stems)
            assert 0 < cost <= cell.limit * (1 + 1e-9), name


def test_a_bought_hint_is_part_of_the_seed(labelled: LabelFolder, tmp_path: Path) -> None:
    """What half of the budget buys is what it buys alone, and the rest comes in addition."""
    half = replace(PLAN, budgets=(parse_budget("25%"),), objectives=("recommended",), starts=1)
    (first,) = evaluate(labelled, half, tmp_path).cells[0].methods["recommended"]
    whole = replace(PLAN, objectives=("recommended+hint:50%",), starts=1)
    (seed,) = evaluate(labelled, whole, tmp_path).cells[0].methods["recommended+hint:50%"]
    bought = seed.choice.scenes[: len(first.choice.scenes)]
    assert bought == first.choice.scenes
    assert len(seed.choice.scenes) > len(bought)


def test_hints_are_drawn_from_images_that_are_scored(labelled: LabelFolder) -> None:
    """As many as asked for, the same for the same number, others for another; all are all."""
    teachers = Teachers(labelled, identify("colour_grid"), Compute())

    def seen(size: HintSize, number: int) -> list[bytes]:
        return [cells.vectors.tobytes() for cells in teachers.drawn(size, number)]

    assert len(seen(HintSize(3), 0)) == 3
    assert seen(HintSize(3), 0) == seen(HintSize(3), 0)
    assert any(seen(HintSize(3), 0) != seen(HintSize(3), number) for number in range(1, 5))
    telling = [s for s in labelled.test if np.count_nonzero(labelled.counts(s, 1, 1)) > 1]
    assert len(seen(HintSize(None), 0)) == len(telling)
