"""Write a problem into a file: all that was asked, as ``docs/certificate.md`` names it.

`app.choosing.problem_files` reads it as the same question again.
"""

import json
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from app.choosing.problem_files import RESOURCE
from solver.certificate.question import inputs_of
from solver.model.problem import AnyProblem

Array = npt.NDArray[Any]


def write_problem(
    stream: IO[bytes],
    problem: AnyProblem,
    *,
    groups: Mapping[str, Array],
    resources: Mapping[str, Array],
    with_budget: bool = True,
) -> None:
    """Write a problem as ``.npz``.

    Parameters
    ----------
    stream
        Takes the archive.
    problem
        What was asked.
    groups
        Items of each group that rules may be about, by its name.
    resources
        Further costs that rules may be about, each of shape (n,), by name.
    with_budget
        Whether the budget is part of it: one file does for certificates of many budgets.
    """
    asked = inputs_of(problem)
    content: dict[str, Any] = {"objective": np.array(asked.objective), "costs": asked.costs}
    if asked.terms:
        content["terms"] = np.array(asked.terms)
    content |= asked.arrays
    if asked.ids:
        content["ids"] = np.array(asked.ids)
    if groups:
        names = np.full(problem.n, "", dtype=object)
        for name, items in groups.items():
            names[items] = name
        content["groups"] = names.astype(str)
    # A rule may be about costs that the pool does not have: those of a limit on scenes alike.
    further = {**resources, **asked.resources}
    content |= {RESOURCE + name: costs for name, costs in further.items()}
    if with_budget:
        content["budget"] = np.float64(problem.budget)
    rules = json.dumps(asked.constraints, separators=(",", ":"), allow_nan=False)
    np.savez(stream, **content, constraints=np.array(rules))
