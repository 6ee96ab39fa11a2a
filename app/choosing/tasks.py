"""What solve processes are asked for: questions whose signatures are still on disk."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.choosing.alike import load_signatures, needed_index, stored_index
from app.choosing.certificates import Claim, Proof, problem_file, prove
from app.choosing.duplicates import one_of_each
from app.choosing.hints import lesson
from app.choosing.objectives import RECOMMENDED
from app.choosing.projection import Projection, project
from app.choosing.question import Question, QuestionTerms
from app.choosing.seeding import FrontierAnswer, SeedAnswer, make_frontier, make_seed
from app.processes.child import Cancellation
from features.pseudo_tasks import stored_tasks

_MAPS: Final = 16
"""Maps that a process keeps: two numbers a scene."""


_tasks = lru_cache(maxsize=2)(stored_tasks)
"""A path's content never changes, and its sums are remembered with it (`features.pseudo_tasks`)."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class StoredQuestion(QuestionTerms):
    """A question whose signatures are still on disk.

    Parameters
    ----------
    path
        The file that holds the n scenes' signatures, in the order of the costs.
    one_of_each_duplicate
        Cosine from which scenes count as near duplicates, at most one of which is chosen; None for
        no such rule.
    hint_cells
        The file of what a hint shows; None without one.
    """

    path: Path
    one_of_each_duplicate: float | None = None
    hint_cells: Path | None = None

    def load(self) -> Question:
        """Return the question with its signatures.

        Raises
        ------
        InvalidRequestError, ConflictError
            See `app.choosing.duplicates.one_of_each` and `app.choosing.alike.needed_index`.
        """
        terms = {field.name: getattr(self, field.name) for field in fields(QuestionTerms)}
        signatures, threshold = load_signatures(self.path), self.one_of_each_duplicate
        if threshold is not None:
            terms["constraints"] = one_of_each(
                self.constraints, needed_index(self.path), threshold, signatures.scene_ids
            )
        tasks = _tasks(self.path) if self.objective == RECOMMENDED else None
        if self.hint_cells is not None:
            terms["hint"] = lesson(self.path, self.hint_cells).tasks
        return Question(signatures=signatures, index=stored_index(self.path), tasks=tasks, **terms)


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
        question = self.question.load()
        answer = make_seed(question, cancelled=watch.cancelled, report=watch.report)
        if self.question.hint_cells is None:
            return answer
        notes = (*answer.result.notes, *lesson(self.question.path, self.question.hint_cells).notes)
        return replace(answer, result=replace(answer.result, notes=notes))


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
            See `app.choosing.seeding.make_frontier`.
        """
        return make_frontier(self.question.load(), self.budgets, nested=self.nested, watch=watch)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class CertificateTask(QuestionTask):
    """The proof of an answer that was given before.

    Parameters
    ----------
    claim
        The answer.
    """

    claim: Claim

    def run(self, watch: Cancellation) -> Proof:
        """Prove it in this process.

        Raises
        ------
        InvalidRequestError
            See `app.choosing.certificates.certify_claim`.
        """
        return prove(self.question.load(), self.claim, watch)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ProblemTask(QuestionTask):
    """The problem that a certificate is about, as a file.

    Parameters
    ----------
    budget
        Of the answer.
    groups, resources
        What rules may be about: the places of each group's scenes, and costs by resource.
    """

    budget: float
    groups: Mapping[str, npt.NDArray[np.int64]]
    resources: Mapping[str, npt.NDArray[np.float64]]

    def run(self, watch: Cancellation) -> bytes:
        """Write the file in this process.

        Raises
        ------
        InvalidRequestError
            The question cannot be asked any more.
        """
        del watch
        return problem_file(self.question.load(), self.budget, self.groups, self.resources)


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
