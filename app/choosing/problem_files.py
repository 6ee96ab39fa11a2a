"""Problems from files: arrays (``.npz``, or a folder of ``.npy``), quadratic knapsacks, rules.

Nothing is unpickled. Whatever is wrong with a file is one sentence that begins with its name.
"""

import json
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
from app.choosing.constraints import ConstraintsFile, constraints_of
from app.choosing.knapsack_files import is_xz, read_knapsack
from app.errors import BudgetError, InvalidRequestError
from features.errors import SourceError
from features.files.archives import open_archive
from features.files.arrays import map_array
from features.files.numbers import no_constant
from features.limits import MAX_DOCUMENT_BYTES, MAX_PROBLEM_PROPORTION
from solver.model.errors import InvalidProblemError
from solver.model.problem import PairProblem, Problem, SignatureProblem

Array = npt.NDArray[Any]

_ZIP = b"PK"
_RESOURCE = "resource_"
_NUMBERS = "fiu"


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ProblemFile:
    """What a file says; the solver checks the numbers.

    Parameters
    ----------
    costs
        Shape (n,).
    weights, vectors
        Signatures, shapes (n,) and (n, d); None in a quadratic knapsack.
    utilities
        Pair utilities, shape (n, n); None for signatures.
    profits
        What items are worth alone, shape (n,); None where the file does not say.
    ids
        Names of the items, empty where they have none.
    groups
        Items of each group, by its name.
    resources
        Further costs, each of shape (n,), by name.
    budgets
        Budgets that the file brings.
    """

    costs: Array
    weights: Array | None = None
    vectors: Array | None = None
    utilities: Array | None = None
    profits: Array | None = None
    ids: tuple[str, ...] = ()
    groups: Mapping[str, Array] = field(default_factory=dict)
    resources: Mapping[str, Array] = field(default_factory=dict)
    budgets: tuple[float, ...] = ()

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


def _numbers(name: str, array: Array, ndim: int) -> Array:
    if array.dtype.kind not in _NUMBERS or array.ndim != ndim:
        detail = (
            f"{name} must be numbers in {ndim} dimension(s), not {array.dtype} in {array.ndim}."
        )
        raise InvalidRequestError(detail)
    return array


def _from_arrays(arrays: Mapping[str, Array]) -> ProblemFile:
    for name in ("weights", "vectors", "costs"):
        if name not in arrays:
            detail = f"there is no array {name!r}; weights, vectors and costs are needed."
            raise InvalidRequestError(detail)
    costs = _numbers("costs", arrays["costs"], 1)
    n = len(costs)
    groups: dict[str, list[int]] = {}
    if "groups" in arrays:
        for item, name in enumerate(_names("groups", arrays["groups"], n)):
            groups.setdefault(name, []).append(item)
    resources = {
        name.removeprefix(_RESOURCE): _numbers(name, array, 1)
        for name, array in arrays.items()
        if name.startswith(_RESOURCE)
    }
    budgets: tuple[float, ...] = ()
    if "budget" in arrays and arrays["budget"].dtype.kind in _NUMBERS:
        budgets = tuple(float(amount) for amount in arrays["budget"].ravel())
    return ProblemFile(
        costs=costs,
        weights=_numbers("weights", arrays["weights"], 1),
        vectors=_numbers("vectors", arrays["vectors"], 2),
        profits=_numbers("profits", arrays["profits"], 1) if "profits" in arrays else None,
        ids=_names("ids", arrays["ids"], n) if "ids" in arrays else (),
        groups={name: np.array(items, dtype=np.int64) for name, items in groups.items()},
        resources=resources,
        budgets=budgets,
    )


def _read_npz(path: Path) -> dict[str, Array]:
    with open_archive(path, MAX_PROBLEM_PROPORTION) as archive:
        return {name: archive.read(name) for name in archive.names}


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
        utilities=knapsack.utilities,
        profits=knapsack.profits,
        budgets=knapsack.budgets,
    )


def read_problem_file(path: Path) -> ProblemFile:
    """Read a problem.

    Parameters
    ----------
    path
        A ``.npz`` archive with ``weights`` (n,), ``vectors`` (n, d), ``costs`` (n,), and where it
        has them ``ids`` (n,), ``profits`` (n,), ``groups`` (n,) names, ``resource_NAME`` (n,) and
        ``budget``; a folder with the same arrays as ``.npy`` files, which are not read into memory
        as a whole; or a quadratic knapsack as text, plain or ``.xz``.

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


def problem_of(file: ProblemFile, budget: float, rules: ConstraintsFile | None = None) -> Problem:
    """Return the problem of a file.

    Parameters
    ----------
    file
        As it was read.
    budget
        Limit on the sum of the chosen costs.
    rules
        What else is to be kept; None for nothing.

    Raises
    ------
    InvalidRequestError
        When the numbers break a rule of the solver, or a rule is about what there is not.
    """
    shared: dict[str, Any] = {"costs": file.costs, "budget": budget, "ids": file.ids}
    if rules is not None and rules.one_of_each_duplicate is not None:
        detail = "one_of_each_duplicate is for the scenes of a source; a problem's file has groups."
        raise InvalidRequestError(detail)
    if rules is not None:
        shared["constraints"] = constraints_of(file, rules, rules.side_budgets)
    if file.profits is not None:
        shared["profits"] = file.profits
    try:
        if file.utilities is not None:
            return PairProblem(utilities=file.utilities, **shared)
        shared |= {"weights": file.weights, "vectors": file.vectors}
        return SignatureProblem(**shared)
    except InvalidProblemError as error:
        raise InvalidRequestError(str(error)) from error


def read_constraints(path: Path) -> ConstraintsFile:
    """Read the rules of a JSON file.

    Raises
    ------
    InvalidRequestError
        When it cannot be read, or a member is not as it should be; the sentence names both.
    """
    try:
        return ConstraintsFile.model_validate(read_json(path))
    except ValidationError as error:
        detail = f"{path}: {_mistake(error)}"
        raise InvalidRequestError(detail) from error


_RULES: Final[Mapping[str, str]] = {
    "tuple_type": "a list",
    "model_type": "an object",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
}
"""What a value must be, by pydantic's name of the mistake."""


def _mistake(error: ValidationError) -> str:
    """Return the first thing that is wrong, as a sentence."""
    first = error.errors()[0]
    known = ", ".join(ConstraintsFile.model_fields)
    member = "/".join(map(str, first["loc"]))
    if not member:
        return f"rules are an object with {known}; it is {first['input']!r:.100}."
    if first["type"] == "extra_forbidden":
        *inside, name = first["loc"]
        if inside:
            return f"{'/'.join(map(str, inside))} has a member {name!r} that no rule has."
        return f"there is no rule {name!r}; the rules are {known}."
    if first["type"] == "missing":
        return f"{member} is missing."
    if first["type"] in _RULES:
        rule = _RULES[first["type"]].format(**first.get("ctx", {}))
        return f"{member} must be {rule}, not {first['input']!r:.100}."
    return f"{member}: {first['msg']}."


def read_json(path: Path) -> object:
    """Read a JSON document.

    Raises
    ------
    InvalidRequestError
        When it cannot be read or is no JSON; the sentence begins with the path.
    """
    try:
        if not path.is_file():
            reason = "it is not a regular file" if path.exists() else "there is no such file"
            detail = f"{path}: {reason}."
            raise InvalidRequestError(detail)
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            detail = f"{path}: it has more than {MAX_DOCUMENT_BYTES:,} bytes."
            raise InvalidRequestError(detail)
        return json.loads(path.read_bytes(), parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        detail = f"{path}: it is not JSON ({error})."
        raise InvalidRequestError(detail) from error
    except OSError as error:
        detail = f"{path}: cannot be read ({error.strerror or error})."
        raise InvalidRequestError(detail) from error
