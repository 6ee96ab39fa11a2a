"""What solve processes are asked for: questions whose signatures are still on disk."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.choosing.alike import load_signatures, needed_index, stored_index
from app.choosing.certificates import certify_seed, problem_file
from app.choosing.duplicates import one_of_each
from app.choosing.frontier import FrontierAnswer, make_frontier
from app.choosing.projection import Projection, project
from app.choosing.seeding import SeedAnswer, SeedQuestion, make_seed
from app.processes.child import Cancellation
from solver.model.constraints import Constraints

_MAPS: Final = 16
"""Maps that a process keeps: two numbers a scene."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SeedTask:
    """One budget.

    Parameters
    ----------
    signatures
        The file that holds the n scenes' signatures.
    costs
        In the file's order, shape (n,), float64.
    constraints
        About scenes by their place in the file.
    one_of_each_duplicate
        Cosine from which scenes count as near duplicates, at most one of which is chosen; None for
        no such rule.
    budget, objective, strategy, time_limit_s, gap, random_seed, baselines
        As in `app.choosing.seeding.SeedQuestion`.
    """

    signatures: Path
    costs: npt.NDArray[np.float64]
    budget: float
    objective: str
    strategy: str
    time_limit_s: float
    gap: float
    random_seed: int
    constraints: Constraints = Constraints()  # noqa: RUF009 immutable
    baselines: tuple[str, ...] = ()
    one_of_each_duplicate: float | None = None

    def question(self) -> SeedQuestion:
        """Return the question with its signatures.

        Raises
        ------
        InvalidRequestError, ConflictError
            See `app.choosing.duplicates.one_of_each` and `needed_index`.
        """
        signatures, constraints = load_signatures(self.signatures), self.constraints
        if self.one_of_each_duplicate is not None:
            constraints = one_of_each(
                constraints,
                needed_index(self.signatures),
                self.one_of_each_duplicate,
                signatures.scene_ids,
            )
        return SeedQuestion(
            scene_ids=signatures.scene_ids,
            costs=self.costs,
            weights=signatures.weights,
            vectors=signatures.vectors,
            parts=signatures.parts,
            budget=self.budget,
            objective=self.objective,
            strategy=self.strategy,
            time_limit_s=self.time_limit_s,
            gap=self.gap,
            random_seed=self.random_seed,
            constraints=constraints,
            baselines=self.baselines,
            index=stored_index(self.signatures),
        )

    def run(self, watch: Cancellation) -> SeedAnswer:
        """Answer the question in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.seeding.make_seed`.
        """
        return make_seed(self.question(), cancelled=watch.cancelled, report=watch.report)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FrontierTask:
    """Many budgets at once: `seed` with each of `budgets` in place of its own.

    Parameters
    ----------
    seed
        What is asked for every budget; its time limit is for all of them.
    budgets
        Ascending.
    nested
        Whether every selection must contain those of smaller budgets.
    """

    seed: SeedTask
    budgets: tuple[float, ...]
    nested: bool

    @property
    def time_limit_s(self) -> float:
        """Seconds for all budgets."""
        return self.seed.time_limit_s

    def run(self, watch: Cancellation) -> FrontierAnswer:
        """Answer in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.frontier.make_frontier`.
        """
        return make_frontier(self.seed.question(), self.budgets, nested=self.nested, watch=watch)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class CertificateTask:
    """The proof of a seed that was given before.

    Parameters
    ----------
    seed
        Its question.
    selected, upper_bound
        Its answer: ids, and the bound that is to be proven.
    """

    seed: SeedTask
    selected: tuple[str, ...]
    upper_bound: float

    @property
    def time_limit_s(self) -> float:
        """Seconds for the proof."""
        return self.seed.time_limit_s

    def run(self, watch: Cancellation) -> dict[str, Any]:
        """Prove it in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.certificates.certify_seed`.
        """
        return certify_seed(self.seed.question(), self.selected, self.upper_bound, watch)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ProblemTask:
    """The problem that a certificate is about, as a file.

    Parameters
    ----------
    seed
        The question.
    """

    seed: SeedTask

    @property
    def time_limit_s(self) -> float:
        """Seconds that it may take."""
        return self.seed.time_limit_s

    def run(self, watch: Cancellation) -> bytes:
        """Write the file in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.certificates.problem_file`.
        """
        del watch
        return problem_file(self.seed.question())


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTask:
    """Where a dataset's scenes lie in a plane.

    Parameters
    ----------
    signatures
        The file that holds the scenes' signatures.
    method
        As in `app.choosing.projection.project`.
    """

    signatures: Path
    method: str
    time_limit_s: float = 120.0  # UMAP takes a minute for tens of thousands of scenes

    def run(self, watch: Cancellation) -> Projection:
        """Draw the map in this process.

        Raises
        ------
        InvalidRequestError
            The method needs a package that is not installed.
        """
        del watch
        return _map(self.signatures, self.method)


@lru_cache(maxsize=_MAPS)
def _map(path: Path, method: str) -> Projection:
    return project(load_signatures(path).vectors, method)
