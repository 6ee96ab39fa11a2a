"""The whole experiment on the small labelled set."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelled_world import TRAIN

from app.choosing.budgets import parse_budget
from app.errors import AppError
from app.evaluation.arena import Arena
from app.evaluation.cuts import parse_cut
from app.evaluation.experiment import evaluate
from app.evaluation.outcome import Evaluation
from app.evaluation.plan import ComparisonPlan
from app.evaluation.report import as_json
from app.labelled.folder import LabelFolder
from features.errors import FeatureError
from features.settings import FeatureSettings

PLAN = ComparisonPlan(
    cuts=(parse_cut("group:^."), parse_cut("window:1-4")),
    budgets=(parse_budget("25%"), parse_budget("60000")),
    objectives=("centred/greedy", "seedal/greedy"),
    baselines=("kmeans_furthest", "seedal_reference"),
    backbones=("colour_grid",),
    random=5,
    repetitions=2,
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of features that what the plan finds is made of."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def evaluation(labelled: LabelFolder, stored: Path) -> Evaluation:
    """Return what the plan finds."""
    return evaluate(labelled, PLAN, stored)


def without_seconds(found: object) -> object:
    """Return a JSON document without what a clock says."""
    if isinstance(found, dict):
        return {key: without_seconds(value) for key, value in found.items() if key != "seconds"}
    return list(map(without_seconds, found)) if isinstance(found, list) else found


def test_the_same_call_finds_the_same(
    evaluation: Evaluation, labelled: LabelFolder, stored: Path
) -> None:
    """Every number but the seconds is the same, from stored features too."""
    again = evaluate(labelled, PLAN, stored)
    first, second = (json.dumps(without_seconds(as_json(found))) for found in (evaluation, again))
    assert first == second


def test_a_cell_does_not_depend_on_its_neighbours(
    evaluation: Evaluation, labelled: LabelFolder, cache: Path
) -> None:
    """Asked alone, and from nothing, a comparison finds what it finds among others."""
    alone = evaluate(
        labelled, replace(PLAN, cuts=PLAN.cuts[1:], budgets=PLAN.budgets[1:], repetitions=1), cache
    )
    (cell,) = as_json(alone)["cells"]
    assert json.dumps(without_seconds(cell)) == json.dumps(
        without_seconds(as_json(evaluation)["cells"][3])
    )


def test_cells_are_all_that_was_asked(evaluation: Evaluation) -> None:
    """Cut by cut and budget by budget; only the cut that chance decides has repetitions."""
    places = [(cell.cut, cell.repetition, str(cell.budget)) for cell in evaluation.cells]
    assert places == [
        (cut, repetition, budget)
        for cut, repetition in (("group:^.", 0), ("window:1-4", 0), ("window:1-4", 1))
        for budget in ("25%", "60000")
    ]
    for cell in evaluation.cells:
        assert len(cell.random) == 5
        assert list(cell.methods) == [*PLAN.objectives, *PLAN.baselines]
        assert cell.images == len(TRAIN)
    assert evaluation.cells[0].scenes == 4
    assert (evaluation.train, evaluation.test, evaluation.classes) == (24, 8, ("0", "1", "2", "3"))


def test_every_seed_keeps_its_budget(evaluation: Evaluation, labelled: LabelFolder) -> None:
    """Random or not, what its images cost is at most the limit, and is what is reported."""
    for cell in evaluation.cells:
        scenes = parse_cut(cell.cut).scenes(TRAIN, PLAN.stream(cell.repetition))
        for seed in cell.seeds:
            stems = [stem for scene in seed.choice.scenes for stem in scenes[scene]]
            cost = sum(labelled.cost(stem, "pixels") for stem in stems)
            assert 0 < cost <= cell.limit * (1 + 1e-9)
            assert seed.cost == pytest.approx(cost)
            assert seed.score.images == len(set(stems)) == len(stems)


def test_seeds_are_scored_by_their_labels(evaluation: Evaluation, arena: Arena) -> None:
    """What a seed scores is what the probe of its images scores in an arena of its own."""
    cell = evaluation.cells[2]
    scenes = parse_cut(cell.cut).scenes(TRAIN, PLAN.stream(cell.repetition))
    for seed in cell.seeds:
        alone = arena.score(stem for scene in seed.choice.scenes for stem in scenes[scene])
        assert seed.score.miou == pytest.approx(alone.miou, abs=1e-6)
        assert seed.score.parts.keys() == {"seen", "unseen"}


def test_a_seed_of_everything_is_as_good_as_any(
    labelled: LabelFolder, arena: Arena, stored: Path
) -> None:
    """With all the money every seed is the pool, and scores what its probe scores."""
    plan = replace(PLAN, cuts=PLAN.cuts[:1], budgets=(parse_budget("100%"),))
    plan = replace(plan, baselines=("kmeans_furthest",))  # the reference need not fill a budget
    best = arena.score(TRAIN).miou
    for cell in evaluate(labelled, plan, stored).cells:
        for seed in cell.seeds:
            assert len(seed.choice.scenes) == cell.scenes
            assert seed.score.miou == pytest.approx(best, abs=1e-6)


def test_rounds_follow_every_seed(labelled: LabelFolder, stored: Path) -> None:
    """Each acquisition has a course: from the seed's mIoU on, at most the budget more a round."""
    plan = replace(
        PLAN,
        cuts=(parse_cut("frame"),),
        budgets=(parse_budget("3"),),
        cost=replace(PLAN.cost, spec="images", resource="images"),
        rounds=2,
        random=2,
        acquisitions=("random", "margin"),
    )
    (cell,) = evaluate(labelled, plan, stored).cells
    for seed in cell.seeds:
        assert list(seed.courses) == ["random", "margin"]
        for course in seed.courses.values():
            assert course.miou[0] == seed.score.miou
            assert course.cost == (seed.cost, seed.cost + 3, seed.cost + 6)


def test_two_first_models_judge_the_same_seeds(labelled: LabelFolder, stored: Path) -> None:
    """Each comparison is there twice, with the same seeds and the scores of another backbone."""
    plan = replace(PLAN, cuts=PLAN.cuts[:1], budgets=PLAN.budgets[:1], random=3)
    plan = replace(plan, first_model=FeatureSettings(backbone="efficientnet_lite0"))
    own, other = evaluate(labelled, plan, stored).cells
    assert (own.backbone, own.first_model) == ("colour_grid", "colour_grid")
    assert (other.backbone, other.first_model) == ("colour_grid", "efficientnet_lite0")
    assert [seed.choice for seed in own.seeds] == [seed.choice for seed in other.seeds]
    pairs = zip(own.seeds, other.seeds, strict=True)
    assert any(one.score.miou != two.score.miou for one, two in pairs)


def test_a_second_first_model_is_not_the_first(labelled: LabelFolder, stored: Path) -> None:
    """A backbone that judges anyway is refused, before anything is computed."""
    plan = replace(PLAN, first_model=FeatureSettings(backbone="colour_grid"))
    with pytest.raises(AppError, match="--first-model colour_grid: it judges anyway"):
        evaluate(labelled, plan, stored)


def test_chance_has_several_starts(labelled: LabelFolder, stored: Path) -> None:
    """A method that takes a random seed is asked with several, any other once."""
    plan = replace(PLAN, cuts=(parse_cut("frame"),), budgets=PLAN.budgets[:1], starts=5)
    (cell,) = evaluate(labelled, plan, stored).cells
    assert {name: len(seeds) for name, seeds in cell.methods.items()} == {
        "centred/greedy": 1,
        "seedal/greedy": 1,
        "kmeans_furthest": 5,
        "seedal_reference": 1,
    }
    first, *others = cell.methods["kmeans_furthest"]
    assert any(one.choice.scenes != first.choice.scenes for one in others)


def test_each_method_sees_the_vectors_it_wants(labelled: LabelFolder, stored: Path) -> None:
    """By default an objective's own; whoever says --token means all of them."""
    plan = replace(PLAN, cuts=(parse_cut("group:^."),), budgets=(parse_budget("50%"),))
    plan = replace(plan, objectives=("seedal/greedy", "coverage/greedy"), baselines=())
    own = evaluate(labelled, plan, stored).cells[0].methods
    told = {
        token: evaluate(
            labelled, replace(plan, features=FeatureSettings(token=token)), stored
        ).cells[0]
        for token in ("cls", "patches")
    }
    gaps = {token: cell.methods["coverage/greedy"][0].choice.gap for token, cell in told.items()}
    assert gaps["cls"] != gaps["patches"] == own["coverage/greedy"][0].choice.gap
    assert own["seedal/greedy"][0].choice.gap == told["cls"].methods["seedal/greedy"][0].choice.gap


def test_one_hears_how_it_goes(labelled: LabelFolder, stored: Path) -> None:
    """A line a cell, with chance's mean and spread and the best method; images are counted."""
    lines: list[str] = []
    steps: list[tuple[int, int]] = []
    plan = replace(PLAN, cuts=(parse_cut("group:^."),), random=2)
    found = evaluate(
        labelled, plan, stored, progress=lambda *step: steps.append(step), say=lines.append
    )
    assert len(lines) == len(found.cells) == 2
    assert lines[0].startswith("colour_grid, group:^. #0, 24,528: random 0.")
    assert (32, 32) in steps
    assert "colour_grid sees colours only" in " ".join(found.notes)
    assert len(set(found.notes)) == len(found.notes)
    chance = replace(plan, objectives=(), baselines=(), budgets=(parse_budget("50%"),))
    evaluate(labelled, chance, stored, say=lines.append)
    assert re.fullmatch(r"colour_grid, group:\^\. #0, 49,056: random 0.*\)", lines[-1])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"budgets": (parse_budget("1%"),)}, "below the cheapest scene"),
        ({"cuts": (parse_cut("group:x(.)"),)}, "the expression finds nothing"),
        ({"features": FeatureSettings(weights=Path("no.pth"))}, "colour_grid has no weights"),
        ({"cost": replace(PLAN.cost, spec="hours", resource="hours")}, "no such cost"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(
    changes: dict[str, Any], sentence: str, labelled: LabelFolder, cache: Path
) -> None:
    """One sentence, and no feature has been computed."""
    with pytest.raises((AppError, FeatureError), match=sentence):
        evaluate(labelled, replace(PLAN, **changes), cache)
    assert not cache.exists()
