"""Rounds of active learning after a seed."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from labelled_world import TRAIN
from scipy.stats import entropy as scipy_entropy

from app.evaluation.arena import Arena, Score
from app.evaluation.campaign import Campaign, Course
from app.evaluation.cuts import Scenes, parse_cut
from app.evaluation.plan import ACQUISITIONS

SCENES: Scenes = parse_cut("window:1-3").scenes(TRAIN, 0)
PRICE = {scene: 1.0 + k % 3 for k, scene in enumerate(SCENES)}
BUDGET = 4.0
SEED = tuple(SCENES)[:2]


class Recorder:
    """An arena that remembers which images were labelled, one entry a score."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self.features, self.train = arena.features, arena.train
        self.labelled: list[frozenset[str]] = []

    def score(self, stems: Iterable[str]) -> Score:
        """Remember and score."""
        self.labelled.append(frozenset(stems))
        return self._arena.score(self.labelled[-1])


def run(
    arena: Arena,
    acquisition: str,
    *,
    seed: Sequence[str] = SEED,
    random_seed: int = 0,
    rounds: int = 2,
    budget: float = BUDGET,
) -> tuple[Course, list[frozenset[str]]]:
    """Run rounds; return the course and the scenes that are labelled after each."""
    recorder = Recorder(arena)
    campaign = Campaign(recorder, SCENES, PRICE, budget, rounds)
    course = campaign.run(seed, acquisition, random_seed)
    labelled = [
        frozenset(scene for scene, stems in SCENES.items() if set(stems) <= images)
        for images in recorder.labelled
    ]
    return course, labelled


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_each_round_adds_at_most_a_budget(arena: Arena, acquisition: str) -> None:
    """Labels are never lost, each round's fit its budget, and mIoU starts with the seed's."""
    course, labelled = run(arena, acquisition)
    assert len(course.miou) == len(course.cost) == len(labelled) == 3
    assert labelled[0] == set(SEED)
    assert course.cost[0] == sum(PRICE[scene] for scene in SEED)
    for before, after, spent, total in zip(
        labelled, labelled[1:], course.cost, course.cost[1:], strict=False
    ):
        assert before < after
        assert total - spent == sum(PRICE[scene] for scene in after - before) <= BUDGET
    for scenes, miou in zip(labelled, course.miou, strict=True):
        assert arena.score(stem for scene in scenes for stem in SCENES[scene]).miou == miou
    assert run(arena, acquisition) == (course, labelled)


@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_rounds_end_where_everything_is_labelled(arena: Arena, acquisition: str) -> None:
    """With nothing left to label a round changes nothing."""
    course, labelled = run(arena, acquisition, seed=tuple(SCENES))
    assert len(set(course.miou)) == len(set(course.cost)) == len(set(labelled)) == 1
    everything, _ = run(arena, acquisition, budget=1000.0, rounds=1)
    assert everything.miou[-1] == course.miou[0]


def test_uncertain_scenes_are_asked_first(arena: Arena) -> None:
    """Entropy and margin buy, of what fits, the scene that the seed's model is least sure of."""
    probe = arena.train(stem for scene in SEED for stem in SCENES[scene])

    def cells(scene: str) -> np.ndarray:
        return probe.probabilities(np.concatenate([arena.features(s) for s in SCENES[scene]]))

    def doubt(scene: str) -> float:
        return float(scipy_entropy(cells(scene).astype(float), axis=1).mean())

    def closeness(scene: str) -> float:
        first, second = np.sort(cells(scene).astype(float), axis=1)[:, :-3:-1].T
        return float(1 - (first - second).mean())

    for acquisition, measure in (("entropy", doubt), ("margin", closeness)):
        new = run(arena, acquisition, rounds=1)[1][1] - set(SEED)
        assert max((s for s in SCENES if s not in SEED), key=measure) in new


def test_core_set_asks_what_is_far(arena: Arena) -> None:
    """The first scene bought is the one whose mean feature is farthest from the seed's."""
    means = {
        scene: np.concatenate([arena.features(stem) for stem in stems]).mean(axis=0)
        for scene, stems in SCENES.items()
    }

    def far(scene: str) -> float:
        return min(float(np.linalg.norm(means[scene] - means[known])) for known in SEED)

    new = run(arena, "core_set", rounds=1)[1][1] - set(SEED)
    assert max((s for s in SCENES if s not in SEED), key=far) in new


def test_random_rounds_are_independent_of_their_seeds(arena: Arena) -> None:
    """A round's order is not the one its seed was drawn in, nor that of a round of another seed."""
    everywhere = [
        run(arena, "random", seed=SEED, random_seed=number, rounds=2)[1] for number in range(6)
    ]
    second = [labelled[1] - labelled[0] for labelled in everywhere]
    assert len(set(second)) > 3
    names = tuple(SCENES)
    for number in range(6):
        order = np.random.default_rng(number).permutation(len(names))
        drawn = [names[k] for k in order]
        bought: list[str] = []
        for scene in drawn:
            if scene not in SEED and sum(PRICE[s] for s in (*bought, scene)) <= BUDGET:
                bought.append(scene)
        assert second[number] != set(bought)
