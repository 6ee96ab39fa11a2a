"""What `seedal solve` and `seedal frontier` work on: a problem's file, or a source of scenes."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from app.choosing.budgets import AskedBudget
from app.choosing.problem_files import ProblemFile, budget_of, problem_of, read_problem_file
from app.cli.options import Rules, Scenes, settings_of
from app.cli.rules import rules_of
from app.cli.terminal import ImageProgress, say
from app.errors import InvalidRequestError
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem, SignatureProblem

if TYPE_CHECKING:
    from app.choosing.constraints import ConstraintsFile, UsablePool
    from app.choosing.question import Question


_EVERYTHING: Final = AskedBudget(fraction=1.0)


@dataclass(frozen=True, eq=False, slots=True)
class Asked:
    """What a problem is made from: a file or scenes, and rules besides the budget."""

    file: Path | None
    scenes: Scenes | None
    rules: Rules

    def open(self, options: SolverOptions) -> "OpenFile | OpenScenes":
        """Read it; scenes' features are computed where they are not kept yet.

        Parameters
        ----------
        options
            How to search.

        Raises
        ------
        AppError, FeatureError
            There is neither a file nor scenes, or both; or something is wrong with them.
        """
        rules = rules_of(self.rules)
        if self.file is not None and self.scenes is None:
            return OpenFile.read(self.file, rules)
        if self.scenes is None or self.file is not None:
            detail = "Name a problem's FILE, or a source of scenes with --root; one of the two."
            raise InvalidRequestError(detail)
        return OpenScenes.read(self.scenes, rules, options)


def _bytes_of(
    problem: AnyProblem,
    groups: Mapping[str, npt.NDArray[np.int64]],
    resources: Mapping[str, npt.NDArray[np.float64]],
    *,
    with_budget: bool,
) -> bytes:
    from app.choosing.problem_writing import write_problem  # noqa: PLC0415  few want it

    stream = io.BytesIO()
    write_problem(stream, problem, groups=groups, resources=resources, with_budget=with_budget)
    return stream.getvalue()


@dataclass(frozen=True, eq=False, slots=True)
class OpenFile:
    """A problem from a file, but for its budget; `rules` take the place of the file's own."""

    file: ProblemFile
    rules: "ConstraintsFile | None"

    @classmethod
    def read(cls, path: Path, rules: "ConstraintsFile") -> "OpenFile":
        """Read a file; rules that are given take the place of those that it brings.

        Raises
        ------
        InvalidRequestError
            It cannot be read.
        """
        file = read_problem_file(path)
        if rules == type(rules)():
            return cls(file, None)
        if file.constraints is not None and file.constraints.says_anything:
            say("the constraints that the file brings are not kept: those that are given are")
        return cls(file, rules)

    @property
    def costs(self) -> npt.NDArray[Any]:
        """What each item costs, shape (n,)."""
        return self.file.costs

    def budget(self, asked: AskedBudget | None) -> float:
        """Return the limit that is meant; the file's own where none is asked for.

        Raises
        ------
        BudgetError
            The file does not say which.
        """
        return budget_of(self.file, asked)

    def within(self, budget: float) -> AnyProblem:
        """Return the problem within a budget.

        Raises
        ------
        InvalidRequestError
            A number or a rule is not as it should be.
        """
        return problem_of(self.file, budget, self.rules)

    def is_scaled(self, problem: AnyProblem) -> bool:
        """Tell whether a problem that came from here has other vectors than the file.

        Those that rounding left longer than 1, as it does in float32, are scaled back.
        """
        given = self.file.arrays.get("vectors", np.zeros(0))
        return isinstance(problem, SignatureProblem) and not np.array_equal(problem.vectors, given)

    def file_of(self, problem: AnyProblem, *, with_budget: bool = True) -> bytes:
        """Return the file of a problem that came from here, as ``seedal verify`` reads it."""
        groups, resources = self.file.groups, self.file.resources
        return _bytes_of(problem, groups, resources, with_budget=with_budget)


@dataclass(frozen=True, eq=False, slots=True)
class OpenScenes:
    """A problem about the scenes of a source, but for its budget."""

    question: "Question"
    pool: "UsablePool"

    @classmethod
    def read(cls, scenes: Scenes, rules: "ConstraintsFile", options: SolverOptions) -> "OpenScenes":
        """Read a source and its features, and settle what is to be maximised.

        Raises
        ------
        AppError, FeatureError
            See `app.seeds.selection`.
        """
        from app.choosing.seeding import settled  # noqa: PLC0415  a file needs no pipeline
        from app.seeds.selection import open_scenes  # noqa: PLC0415

        source = open_scenes(scenes)
        source.require_sense((), rules)
        known = source.prepare(settings_of(data_dir=scenes.data_dir).cache_dir, ImageProgress())
        question, notes = settled(known.question(_EVERYTHING, rules, options))
        for note in (*source.pool.notes, *known.prepared.notes, *notes):
            say(note)
        return cls(question, known.usable)

    @property
    def costs(self) -> npt.NDArray[np.float64]:
        """What each scene costs, shape (n,)."""
        return self.question.costs

    def budget(self, asked: AskedBudget | None) -> float:
        """Return the limit that is meant; what all scenes cost where none is asked for."""
        return (asked or _EVERYTHING).within(math.fsum(self.costs))

    def within(self, budget: float) -> AnyProblem:
        """Return the problem within a budget.

        Raises
        ------
        InvalidRequestError
            The objective needs what is not known of these scenes.
        """
        return replace(self.question, budget=budget).problem()

    def is_scaled(self, problem: AnyProblem) -> bool:
        """Tell whether the numbers are others than in a file that there is: there is none."""
        del problem
        return False

    def file_of(self, problem: AnyProblem, *, with_budget: bool = True) -> bytes:
        """Return the file of a problem that came from here, as ``seedal verify`` reads it."""
        groups, resources = self.pool.groups, self.pool.resources
        return _bytes_of(problem, groups, resources, with_budget=with_budget)
