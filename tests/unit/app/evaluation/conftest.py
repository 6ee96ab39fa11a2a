"""The small labelled set, its arena, and comparisons made up of numbers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from labelled_world import World

from app.choosing.budgets import parse_budget
from app.evaluation.arena import Arena, Score
from app.evaluation.campaign import Course
from app.evaluation.methods import Choice
from app.evaluation.outcome import Cell, EvaluationOutcome
from app.labelled.folder import LabelFolder
from features.backbones import Compute, identify


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return the small labelled set; nobody changes its files."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def labelled(world: World) -> LabelFolder:
    """Return the set as an experiment sees it."""
    return world.read()


@pytest.fixture(scope="session")
def arena(labelled: LabelFolder, tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """Return where probes of the set are trained and scored."""
    return Arena(labelled, identify("colour_grid"), tmp_path_factory.mktemp("maps"), Compute())


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Return an empty folder for features."""
    return tmp_path / "cache"


def outcome(miou: float, rounds: Mapping[str, Sequence[float]] | None = None) -> EvaluationOutcome:
    """Return a seed of one scene that scored so much."""
    score = Score(miou, np.array([miou, np.nan]), {}, 1, 7, 1e-6, converged=True)
    courses = {
        name: Course(tuple(values), tuple(map(float, range(1, len(values) + 1))))
        for name, values in (rounds or {}).items()
    }
    choice = Choice(scenes=("a",), seconds=0.25, gap=np.inf)
    return EvaluationOutcome(choice=choice, cost=1.0, score=score, courses=courses)


@pytest.fixture
def make_cell() -> Callable[..., Cell]:
    """Return a function that makes a comparison of mIoUs, random ones and by method."""

    def make(
        random: Sequence[float],
        methods: Mapping[str, float | Sequence[float]],
        *,
        budget: str = "10%",
        cut: str = "frame",
        repetition: int = 0,
        backbone: str = "colour_grid",
        first_model: str | None = None,
        rounds: Mapping[str, Sequence[float]] | None = None,
    ) -> Cell:
        asked = parse_budget(budget)
        return Cell(
            backbone=backbone,
            first_model=first_model or backbone,
            cut=cut,
            repetition=repetition,
            budget=asked,
            limit=asked.within(10.0),
            total=10.0,
            scenes=10,
            images=10,
            random=tuple(outcome(miou, rounds) for miou in random),
            methods={
                name: tuple(outcome(float(miou), rounds) for miou in np.atleast_1d(found))
                for name, found in methods.items()
            },
        )

    return make
