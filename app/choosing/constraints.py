"""Constraints as people write them: names instead of numbers, in JSON.

The members are those of a seed request: ``include``, ``exclude``, ``labelled``, ``min_scenes``,
``max_scenes``, ``groups`` (``{"group", "min", "max"}``) and ``side_budgets``
(``{"resource", "limit"}``).
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from app.choosing.problem_files import Array
from app.errors import InvalidRequestError
from solver.model.constraints import Constraints, GroupRule, Resource

_KEYS = {"include", "exclude", "labelled", "min_scenes", "max_scenes", "groups", "side_budgets"}


class Named(Protocol):
    """What constraints are about: items, their groups, and what they cost."""

    @property
    def n(self) -> int:
        """How many items there are."""

    @property
    def ids(self) -> Sequence[str]:
        """Their ids, or nothing."""

    @property
    def groups(self) -> Mapping[str, Array]:
        """The items of each group."""

    @property
    def resources(self) -> Mapping[str, Array]:
        """Costs by resource."""


def _refuse(detail: str, member: str = "") -> InvalidRequestError:
    return InvalidRequestError(detail, f"#/{member}" if member else "")


def _count(value: object, name: str) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    detail = f"{name} must be a whole number of at least 0, not {value!r}."
    raise _refuse(detail)


def _limit(value: object, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            amount = float(value)
        except OverflowError:
            amount = math.inf
        if math.isfinite(amount) and amount >= 0:
            return amount
    detail = f"{name} must be a number of at least 0, not {value!r}."
    raise _refuse(detail)


def _entries(value: object, name: str, keys: set[str]) -> list[Mapping[str, object]]:
    good = isinstance(value, list) and all(
        isinstance(entry, dict) and set(entry) <= keys for entry in value
    )
    if good and isinstance(value, list):
        return value
    detail = f"{name} must be a list of objects with {', '.join(sorted(keys))}."
    raise _refuse(detail)


class _Names:
    """Which item a name means: an id, or a number from 0 where items have no ids."""

    def __init__(self, problem: Named) -> None:
        self._n = problem.n
        self._ids = {name: item for item, name in enumerate(problem.ids)}

    def _item(self, name: object, member: str) -> int:
        if self._ids:
            if isinstance(name, str) and name in self._ids:
                return self._ids[name]
        elif isinstance(name, int) and not isinstance(name, bool) and 0 <= name < self._n:
            return name
        detail = f"{member}: {name!r} is none of the items that can be chosen."
        raise _refuse(detail, f"constraints/{member}")

    def items(self, value: object, member: str) -> Array:
        """Return the items of a list of names, sorted, shape (k,)."""
        if not isinstance(value, list):
            detail = f"{member} must be a list of items."
            raise _refuse(detail)
        return np.array(sorted(self._item(name, member) for name in value), dtype=np.int64)


def _groups(problem: Named, value: object) -> tuple[GroupRule, ...]:
    found = []
    for entry in _entries(value, "groups", {"group", "min", "max"}):
        name = entry.get("group")
        if not isinstance(name, str) or name not in problem.groups:
            detail = f"groups: no item is of group {name!r}."
            raise _refuse(detail, "constraints/groups")
        most = entry.get("max")
        found.append(
            GroupRule(
                name=name,
                items=problem.groups[name],
                minimum=_count(entry.get("min", 0), f"min of group {name!r}"),
                maximum=None if most is None else _count(most, f"max of group {name!r}"),
            )
        )
    return tuple(found)


def _resources(problem: Named, value: object) -> tuple[Resource, ...]:
    found = []
    for entry in _entries(value, "side_budgets", {"resource", "limit"}):
        name = entry.get("resource")
        if not isinstance(name, str) or name not in problem.resources:
            detail = f"side_budgets: there are no costs of resource {name!r}."
            raise _refuse(detail, "side_budgets")
        limit = _limit(entry.get("limit"), f"limit of resource {name!r}")
        found.append(Resource(name=name, costs=problem.resources[name], limit=limit))
    return tuple(found)


def constraints_of(problem: Named, content: object) -> Constraints:
    """Return constraints by item number.

    Parameters
    ----------
    problem
        Whose items they are about.
    content
        A JSON object as above; every member may be missing.

    Raises
    ------
    InvalidRequestError
        Naming the member that is not as it should be.
    """
    if not isinstance(content, dict) or not set(content) <= _KEYS:
        detail = f"Constraints are an object with {', '.join(sorted(_KEYS))}."
        raise _refuse(detail)
    names, most = _Names(problem), content.get("max_scenes")
    return Constraints(
        include=names.items(content.get("include", []), "include"),
        exclude=names.items(content.get("exclude", []), "exclude"),
        labelled=names.items(content.get("labelled", []), "labelled"),
        min_items=_count(content.get("min_scenes", 0), "min_scenes"),
        max_items=None if most is None else _count(most, "max_scenes"),
        groups=_groups(problem, content.get("groups", [])),
        resources=_resources(problem, content.get("side_budgets", [])),
    )


def _no_constant(name: str) -> object:
    message = f"{name} is no JSON number"
    raise ValueError(message)


def read_json(path: Path) -> object:
    """Read a JSON document.

    Raises
    ------
    InvalidRequestError
        When it cannot be read or is no JSON; the sentence begins with the path.
    """
    try:
        if not path.is_file():
            detail = (
                f"{path}: there is no such file."
                if not path.exists()
                else f"{path}: it is not a regular file."
            )
            raise _refuse(detail)
        return json.loads(path.read_bytes(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        detail = f"{path}: it is not JSON ({error})."
        raise _refuse(detail) from error
    except OSError as error:
        detail = f"{path}: cannot be read ({error.strerror or error})."
        raise _refuse(detail) from error
