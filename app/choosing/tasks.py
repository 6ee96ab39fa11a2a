"""What solve processes are asked for: questions whose signatures are still on disk."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.choosing.certificates import certify_seed, problem_file
from app.choosing.frontier import FrontierAnswer, make_frontier
from app.choosing.projection import Projection, project
from app.choosing.representing import represented_by
from app.choosing.seeding import SeedAnswer, SeedQuestion, make_seed
from app.processes.child import Cancellation
from features.index.directions import Directions
from features.signatures.model import Signatures
from solver.model.constraints import Constraints

_REMEMBERED: Final = 4
"""Datasets whose signatures a process keeps in memory."""

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

    def question(self) -> SeedQuestion:
        """Return the question with its signatures."""
        signatures = _load(self.signatures)
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
            constraints=self.constraints,
            baselines=self.baselines,
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
class NeighborsTask:
    """The scenes that look most like one of them.

    Parameters
    ----------
    signatures
        The file that holds the scenes' signatures.
    scene_id
        Which one.
    k
        How many, at most.
    """

    signatures: Path
    scene_id: str
    k: int
    time_limit_s: float = 60.0  # a million scenes are read from disk first

    def run(self, watch: Cancellation) -> list[tuple[str, float]]:
        """Return ids and cosines of mean directions, the most alike first.

        They are those of `features.index.SceneIndex` to the last digit, without an index: rounded
        before they are ordered, and of equal ones the first in the pool comes first.
        """
        del watch
        scene_ids = _load(self.signatures).scene_ids
        directions, places = _directions(self.signatures)
        place = places[self.scene_id]
        alike = directions.to_all(place)
        alike[place] = -np.inf
        k = min(self.k, len(alike) - 1)
        least = np.partition(alike, len(alike) - k)[len(alike) - k] if k else np.inf
        near = np.flatnonzero(alike >= least)
        nearest = near[np.argsort(-alike[near], kind="stable")[:k]]
        return [(scene_ids[row], float(alike[row])) for row in nearest]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentedTask:
    """The scenes that one of a seed's stands for.

    Parameters
    ----------
    signatures
        The file that holds the scenes' signatures.
    chosen
        The seed's scenes, in the order of their ranks.
    labelled
        What is labelled already.
    scene_id
        One of the chosen.
    """

    signatures: Path
    chosen: tuple[str, ...]
    labelled: tuple[str, ...]
    scene_id: str
    time_limit_s: float = 60.0

    def run(self, watch: Cancellation) -> list[tuple[str, float]]:
        """Return their ids and cosines of mean directions, all of them, the most alike first."""
        del watch
        scene_ids = _load(self.signatures).scene_ids
        _, places = _directions(self.signatures)
        members, alike = represented_by(
            _load(self.signatures).vectors,
            np.array([places[name] for name in self.chosen], dtype=np.int64),
            np.array([places[name] for name in self.labelled], dtype=np.int64),
            self.chosen.index(self.scene_id),
        )
        return [(scene_ids[row], float(a)) for row, a in zip(members, alike, strict=True)]


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
    return project(_load(path).vectors, method)


@lru_cache(maxsize=_REMEMBERED)
def _directions(path: Path) -> tuple[Directions, dict[str, int]]:
    """Return the scenes' mean directions, which are those of the signatures, and their rows."""
    signatures = _load(path)
    rows = {scene_id: row for row, scene_id in enumerate(signatures.scene_ids)}
    return Directions(signatures.vectors), rows


@lru_cache(maxsize=_REMEMBERED)
def _load(path: Path) -> Signatures:
    """Signature files are named by their content and never change."""
    return Signatures.load(path)
