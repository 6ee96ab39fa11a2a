"""What solve processes are asked for: questions whose signatures are still on disk."""

from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.choosing.certificates import certify_seed, problem_file
from app.choosing.describing import represented_by
from app.choosing.frontier import FrontierAnswer, make_frontier
from app.choosing.projection import Projection, project
from app.choosing.question import Question, QuestionTerms
from app.choosing.seeding import SeedAnswer, make_seed
from app.processes.child import Cancellation
from features.index.directions import Directions
from features.signatures.model import Signatures

_REMEMBERED: Final = 4
"""Datasets whose signatures a process keeps in memory."""

_MAPS: Final = 16
"""Maps that a process keeps: two numbers a scene."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StoredQuestion(QuestionTerms):
    """A question whose signatures are still on disk.

    Parameters
    ----------
    path
        The file that holds the n scenes' signatures, in the order of the costs.
    """

    path: Path

    def load(self) -> Question:
        """Return the question with its signatures."""
        terms = {field.name: getattr(self, field.name) for field in fields(QuestionTerms)}
        return Question(signatures=_load(self.path), **terms)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class QuestionTask:
    """What is done with one question.

    Parameters
    ----------
    question
        With its time limit, which is the task's.
    """

    question: StoredQuestion

    @property
    def time_limit_s(self) -> float:
        """Seconds that it may take."""
        return self.question.options.time_limit_s


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SeedTask(QuestionTask):
    """One budget."""

    def run(self, watch: Cancellation) -> SeedAnswer:
        """Answer the question in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.seeding.make_seed`.
        """
        return make_seed(self.question.load(), cancelled=watch.cancelled, report=watch.report)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class FrontierTask(QuestionTask):
    """Many budgets at once, each in place of the question's own; its time limit is for all.

    Parameters
    ----------
    budgets
        Ascending.
    nested
        Whether every selection must contain those of smaller budgets.
    """

    budgets: tuple[float, ...]
    nested: bool

    def run(self, watch: Cancellation) -> FrontierAnswer:
        """Answer in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.frontier.make_frontier`.
        """
        return make_frontier(self.question.load(), self.budgets, nested=self.nested, watch=watch)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class CertificateTask(QuestionTask):
    """The proof of a seed that was given before.

    Parameters
    ----------
    selected, upper_bound
        The seed: ids, and the bound that is to be proven.
    """

    selected: tuple[str, ...]
    upper_bound: float

    def run(self, watch: Cancellation) -> dict[str, Any]:
        """Prove it in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.certificates.certify_seed`.
        """
        return certify_seed(self.question.load(), self.selected, self.upper_bound, watch)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ProblemTask(QuestionTask):
    """The problem that a certificate is about, as a file."""

    def run(self, watch: Cancellation) -> bytes:
        """Write the file in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.certificates.problem_file`.
        """
        del watch
        return problem_file(self.question.load())


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
