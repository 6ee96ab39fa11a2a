"""What an evaluation finds: seeds and their scores, by comparison."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from app.choosing.budgets import AskedBudget
from app.evaluation.arena import Score
from app.evaluation.campaign import Course
from app.evaluation.methods import Choice
from app.evaluation.plan import ComparisonPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOutcome:
    """A seed, and what became of it.

    Parameters
    ----------
    choice
        The scenes.
    cost
        What they cost together.
    score
        Of the probe of their labels.
    courses
        Acquisition to what further rounds came to.
    """

    choice: Choice
    cost: float
    score: Score
    courses: Mapping[str, Course] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One comparison: one backbone, one first model, one cut, one budget.

    Parameters
    ----------
    backbone, cut, repetition
        Which.
    first_model
        The backbone whose features first models are trained on; mostly the same.
    budget
        As it was asked for.
    limit, total
        The budget, and what all scenes cost, in the cost's unit.
    scenes, images
        How many can be chosen.
    random
        The random seeds, in order.
    methods
        By name: a seed for each start of a method that chance decides, one for any other.
    """

    backbone: str
    first_model: str
    cut: str
    repetition: int
    budget: AskedBudget
    limit: float
    total: float
    scenes: int
    images: int
    random: tuple[EvaluationOutcome, ...]
    methods: Mapping[str, tuple[EvaluationOutcome, ...]]

    @property
    def seeds(self) -> tuple[EvaluationOutcome, ...]:
        """All seeds of the comparison."""
        return (*self.random, *chain.from_iterable(self.methods.values()))

    def miou(self, method: str) -> float:
        """Return a method's mIoU, the mean over its starts."""
        return float(np.mean([seed.score.miou for seed in self.methods[method]]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All comparisons on a dataset.

    Parameters
    ----------
    dataset, classes, train, test
        Its name, its classes' names, how many images can be chosen, and how many are scored.
    plan
        What was asked.
    cells
        Backbone by backbone, cut by cut, budget by budget, first model by first model.
    notes
        Sentences a user should read.
    """

    dataset: str
    classes: tuple[str, ...]
    train: int
    test: int
    plan: ComparisonPlan
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
