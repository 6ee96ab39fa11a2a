"""The question that every door asks: which of these scenes, within this budget."""

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from app.choosing.building import build_problem
from app.choosing.objectives import RECOMMENDED
from app.errors import InvalidRequestError
from features.index import SceneIndex
from features.pseudo_tasks import PseudoTasks
from features.pseudo_tasks.model import VERSION as TASKS_VERSION
from features.signatures.model import Signatures
from solver.model.constraints import Constraints
from solver.model.errors import UnknownStrategyError
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem
from solver.solve import ALGORITHM


def options_of(
    *, strategy: str, time_limit_s: float, gap: float, random_seed: int
) -> SolverOptions:
    """Return how to search, from what a caller gave.

    Raises
    ------
    InvalidRequestError
        There is no such strategy, or a number is out of range.
    """
    try:
        return SolverOptions(
            strategy=strategy, time_limit_s=time_limit_s, gap=gap, random_seed=random_seed
        )
    except (UnknownStrategyError, ValueError) as error:
        raise InvalidRequestError(str(error)) from error


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class QuestionTerms:
    """All of a question but the scenes themselves.

    Parameters
    ----------
    costs
        Of each scene in the budget's unit, shape (n,).
    budget
        Limit on the sum of the chosen costs.
    objective
        A name of :data:`app.choosing.objectives.OBJECTIVES`.
    options
        How to search.
    constraints
        Rules besides the budget, about scenes by their place.
    baselines
        Names of what the seed is compared with, see `app.choosing.baselines.Baselines`.
    """

    costs: npt.NDArray[np.float64]
    budget: float
    objective: str = "seedal"
    options: SolverOptions = field(default_factory=SolverOptions)
    constraints: Constraints = field(default_factory=Constraints)
    baselines: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Question(QuestionTerms):
    """What is asked.

    Parameters
    ----------
    signatures
        Of the n scenes that can be chosen.
    index
        Which of them look alike, where that is stored; it changes no answer.
    tasks
        What a first model might be asked to tell apart, where that is stored; it decides what
        ``recommended`` stands for. Like the signatures it is made of the scenes' vectors.
    hint
        Tasks that labelled images taught (`features.pseudo_tasks.taught`): what ``recommended``
        looks for.
    """

    signatures: Signatures
    index: SceneIndex | None = None
    tasks: PseudoTasks | None = None
    hint: PseudoTasks | None = None

    @property
    def scene_ids(self) -> tuple[str, ...]:
        """The n scenes that can be chosen."""
        return self.signatures.scene_ids

    def digest(self) -> str:
        """Return a hash of everything that the answer depends on."""
        known, options, rules = self.signatures, self.options, self.constraints
        settings: tuple[object, ...] = (
            ALGORITHM,
            self.scene_ids,
            self.budget,
            self.objective,
            options.strategy,
            options.time_limit_s,
            options.gap,
            options.random_seed,
            known.vectors.shape,
        )
        arrays = [self.costs, known.weights, known.vectors]
        if rules.fixes or rules.limits:
            settings += (_spelled_out(rules),)
            arrays += [resource.costs for resource in rules.resources]
        if options.node_limit is not None or self.baselines:
            settings += (options.node_limit, self.baselines)
        if self.objective == RECOMMENDED and self.tasks is not None:
            settings += (TASKS_VERSION,)
            if self.hint is not None:
                arrays += [self.hint.labels.astype(np.float64)]
        content = hashlib.sha256(repr(settings).encode())
        for array in arrays:
            content.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
        if (parts := known.parts) is not None:
            for part in (parts.offsets, parts.masses, parts.words, parts.sizes):
                content.update(part.tobytes())
        return content.hexdigest()

    def problem(self) -> AnyProblem:
        """Return the question as the solver takes it.

        Raises
        ------
        InvalidRequestError
            There is no such objective, or it needs what is not known of these scenes.
        InvalidProblemError
            A number breaks a rule of the solver.
        """
        asked = {
            "costs": self.costs,
            "budget": self.budget,
            "ids": self.scene_ids,
            "constraints": self.constraints,
        }
        return build_problem(self.objective, self.signatures, asked)


def _spelled_out(rules: Constraints) -> tuple[object, ...]:
    """Return rules as values with a `repr` of all that they say, but for the costs."""
    return (
        *(items.tolist() for items in (rules.include, rules.exclude, rules.labelled)),
        (rules.min_items, rules.max_items),
        [(g.name, g.items.tolist(), g.minimum, g.maximum) for g in rules.groups],
        [(r.name, r.limit) for r in rules.resources],
    )
