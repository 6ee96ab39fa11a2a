"""Problems from files: arrays (``.npz``, or a folder of ``.npy``), and quadratic knapsacks.

Nothing is unpickled. Whatever is wrong with a file is one sentence that begins with its name.
"""

import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from app.choosing.budgets import AskedBudget
from app.choosing.constraints import (
    ConstraintsFile,
    StatedConstraints,
    constraints_of,
    stated_constraints,
)
from app.choosing.knapsack_files import is_xz, read_knapsack
from app.choosing.problem_forms import (
    ADDABLE,
    OBJECTIVES,
    SUM,
    checked,
    made,
    needed,
    numbers,
)
from app.errors import BudgetError, InvalidRequestError
from features.errors import SourceError
from features.files.archives import open_archive
from features.files.arrays import map_array
from features.limits import MAX_PROBLEM_PROPORTION
from solver.model.errors import InvalidProblemError
from solver.model.problem import AnyProblem

Array = npt.NDArray[Any]

_ZIP: Final = b"PK"
RESOURCE: Final = "resource_"
"""What the array of a further cost is called, before its name."""

_NUMBERS: Final = "fiu"
_TEXT: Final = "US"

_MOST_RULES: Final = 2**26
"""Characters of JSON that rules may have: a million scenes take 7 million."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ProblemFile:
    """What a file says; the solver checks the numbers.

    Parameters
    ----------
    costs
        Shape (n,).
    objective
        A name of `app.choosing.problem_forms.OBJECTIVES`.
    terms
        The objectives of a sum.
    arrays
        The objective's arrays by name.
    ids
        Names of the items, empty where they have none.
    groups
        Items of each group, by its name.
    resources
        Further costs, each of shape (n,), by name.
    budgets
        Budgets that the file brings.
    constraints
        Rules that the file brings; None where it says nothing of rules.
    """

    costs: Array
    objective: str
    terms: tuple[str, ...] = ()
    arrays: Mapping[str, Array] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    groups: Mapping[str, Array] = field(default_factory=dict)
    resources: Mapping[str, Array] = field(default_factory=dict)
    budgets: tuple[float, ...] = ()
    constraints: StatedConstraints | None = None

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.costs)


def _names(name: str, array: Array, n: int) -> tuple[str, ...]:
    if array.shape != (n,) or array.dtype.kind not in "USiu":
        detail = f"{name} must be {n} names, one for each of the costs."
        raise InvalidRequestError(detail)
    if array.dtype.kind == "S":
        return tuple(bytes(entry).decode("utf-8", "replace") for entry in array)
    return tuple(str(entry) for entry in array)


def _objective(arrays: Mapping[str, Array]) -> tuple[str, tuple[str, ...]]:
    """Return the objective that arrays are about, and the terms of a sum."""
    if "objective" not in arrays:
        return ("pairs" if "utilities" in arrays else "signatures"), ()
    name = _text("objective", arrays["objective"])
    if name not in OBJECTIVES:
        detail = f"there is no objective {name!r}; there are {', '.join(OBJECTIVES)}."
        raise InvalidRequestError(detail)
    if name != SUM:
        return name, ()
    terms = arrays.get("terms", np.zeros(0))
    if terms.ndim != 1 or not terms.size or not {str(term) for term in terms} <= set(ADDABLE):
        detail = f"terms must be names of what is added up: {' or '.join(ADDABLE)}."
        raise InvalidRequestError(detail)
    return name, tuple(str(term) for term in terms)


def _text(name: str, array: Array) -> str:
    if array.shape or array.dtype.kind not in _TEXT or array.dtype.itemsize > 4 * _MOST_RULES:
        detail = f"{name} must be text, not {array.dtype} in {array.ndim} dimension(s)."
        raise InvalidRequestError(detail)
    (text,) = _names(name, array.reshape(1), 1)
    return text


def _rules(arrays: Mapping[str, Array]) -> StatedConstraints | None:
    if "constraints" not in arrays:
        return None
    text = _text("constraints", arrays["constraints"])
    try:
        return StatedConstraints.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(("constraints", *map(str, first["loc"])))
        detail = f"{where}: {first['msg']}."
        raise InvalidRequestError(detail) from error


def _from_arrays(arrays: Mapping[str, Array]) -> ProblemFile:
    objective, terms = _objective(arrays)
    own = checked(objective, terms, arrays)
    if "costs" not in arrays:
        detail = f"there is no array 'costs'; {needed(objective)} and costs are needed."
        raise InvalidRequestError(detail)
    costs = numbers("costs", arrays["costs"], 1)
    n = len(costs)
    groups: dict[str, list[int]] = {}
    if "groups" in arrays:
        for item, name in enumerate(_names("groups", arrays["groups"], n)):
            if name:
                groups.setdefault(name, []).append(item)
    resources = {
        name.removeprefix(RESOURCE): numbers(name, array, 1)
        for name, array in arrays.items()
        if name.startswith(RESOURCE)
    }
    budgets: tuple[float, ...] = ()
    if "budget" in arrays and arrays["budget"].dtype.kind in _NUMBERS:
        budgets = tuple(float(amount) for amount in arrays["budget"].ravel())
    return ProblemFile(
        costs=costs,
        objective=objective,
        terms=terms,
        arrays=own,
        ids=_names("ids", arrays["ids"], n) if "ids" in arrays else (),
        groups={name: np.array(items, dtype=np.int64) for name, items in groups.items()},
        resources=resources,
        budgets=budgets,
        constraints=_rules(arrays),
    )


def _read_npz(path: Path) -> dict[str, Array]:
    with open_archive(path, MAX_PROBLEM_PROPORTION) as archive:
        arrays = {name: archive.read(name) for name in archive.names}
    for array in arrays.values():
        array.flags.writeable = False  # so that large vectors need not be copied
    return arrays


def _read_folder(path: Path) -> dict[str, Array]:
    """Return the arrays of a folder; large ones stay on disk until they are used."""
    return {file.stem: map_array(file) for file in sorted(path.glob("*.npy"))}


def _regular(path: Path) -> Path:
    if not stat.S_ISREG(path.stat().st_mode):
        detail = "it is not a regular file."
        raise InvalidRequestError(detail)
    return path


def _read(path: Path) -> ProblemFile:
    if path.is_dir():
        return _from_arrays(_read_folder(path))
    with _regular(path).open("rb") as stream:
        start = stream.read(6)
    if start.startswith(_ZIP):
        return _from_arrays(_read_npz(path))
    if path.suffix == ".npz":
        detail = "it is not a .npz archive."
        raise InvalidRequestError(detail)
    knapsack = read_knapsack(path, compressed=is_xz(start))
    return ProblemFile(
        costs=knapsack.costs,
        objective="pairs",
        arrays={"utilities": knapsack.utilities, "profits": knapsack.profits},
        budgets=knapsack.budgets,
    )


def read_problem_file(path: Path) -> ProblemFile:
    """Read a problem.

    Parameters
    ----------
    path
        A ``.npz`` archive with the arrays that ``docs/certificate.md`` names, and where it has them
        ``groups`` (n,), a name for each item; a folder with the same arrays as ``.npy`` files,
        which are not read into memory as a whole; or a quadratic knapsack as text, plain or
        ``.xz``.

    Raises
    ------
    InvalidRequestError
        When it is none of these; the sentence begins with the path.
    """
    try:
        return _read(path)
    except InvalidRequestError as error:
        detail = f"{path}: {error.detail}"
        raise InvalidRequestError(detail) from error
    except SourceError as error:
        msg = f"{error}."
        raise InvalidRequestError(msg) from error
    except OSError as error:
        detail = f"{path}: cannot be read ({error.strerror or error})."
        raise InvalidRequestError(detail) from error
    except MemoryError as error:
        detail = f"{path}: it needs more memory than there is."
        raise InvalidRequestError(detail) from error


def budget_of(file: ProblemFile, asked: AskedBudget | None) -> float:
    """Return the limit that is meant.

    Raises
    ------
    BudgetError
        When neither the file nor the caller says which budget.
    """
    if asked is not None:
        return asked.within(math.fsum(file.costs))
    if len(file.budgets) == 1:
        return file.budgets[0]
    listed = ", ".join(f"{amount:.15g}" for amount in file.budgets)
    detail = (
        f"The file has {len(file.budgets)} budgets ({listed}); say which with --budget."
        if file.budgets
        else "The file brings no budget; give one with --budget."
    )
    raise BudgetError(detail)


def problem_of(
    file: ProblemFile, budget: float, rules: ConstraintsFile | None = None
) -> AnyProblem:
    """Return the problem of a file.

    Parameters
    ----------
    file
        As it was read.
    budget
        Limit on the sum of the chosen costs.
    rules
        What else is to be kept; the file's own rules where None.

    Raises
    ------
    InvalidRequestError
        When the numbers break a rule of the solver, or a rule is about what there is not.
    """
    if rules is not None and rules.one_of_each_duplicate is not None:
        detail = "one_of_each_duplicate is for the scenes of a source; a problem's file has groups."
        raise InvalidRequestError(detail)
    shared: dict[str, Any] = {"costs": file.costs, "budget": budget, "ids": file.ids}
    try:
        if rules is not None:
            shared["constraints"] = constraints_of(file, rules, rules.side_budgets)
        elif file.constraints is not None:
            shared["constraints"] = stated_constraints(file.constraints, file.resources)
        return made(file.objective, file.terms, file.arrays, shared)
    except InvalidProblemError as error:
        raise InvalidRequestError(str(error)) from error
