"""The problem's file: arrays by name, the rules that were asked, and the hash over all of it."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from second_checker.fields import at_least_0, fields, items, listed, parsed, text, whole
from second_checker.refusing import Refused, need, refuse

Floats = npt.NDArray[np.float64]
Given = Mapping[str, npt.NDArray[Any]]

# Name, shape, and whether every number is at least 0. A letter is one length wherever it stands.
_ARRAYS: dict[str, list[tuple[str, str, bool]]] = {
    "signatures": [("weights", "n", True), ("vectors", "nd", False), ("profits", "n", False)],
    "pairs": [("utilities", "nn", False), ("profits", "n", False)],
    "facility": [("similarities", "nm", True), ("demands", "m", True), ("served", "m", True)],
    "coverage": [("amounts", "nm", True), ("weights", "m", True), ("held", "m", True)],
    "design": [
        ("factors", "rd", False),
        ("sizes", "n", True),
        ("ridge", "", True),
        ("prior", "dd", False),
    ],
    "k_center": [("distances", "nm", True), ("reach", "m", True)],
}
_TERMS = {"coverage", "design"}


@dataclass(frozen=True)
class Problem:
    """What a problem's file says.

    Parameters
    ----------
    objective
        A name; of a sum, the list that is hashed.
    n
        How many items there are.
    costs
        Shape (n,).
    arrays
        The objective's arrays in the order of the page, a term's with its prefix.
    resources
        Costs by the name of the resource, each of shape (n,).
    ids
        Names of the items, or None.
    budget, constraints
        What was asked, or None where the file does not say.
    """

    objective: str | list[str]
    n: int
    costs: Floats
    arrays: dict[str, Floats]
    resources: dict[str, Floats]
    ids: list[str] | None
    budget: float | None
    constraints: dict[str, Any] | None

    def term(self, k: int) -> dict[str, Floats]:
        """Return the arrays of one term of a sum, by their own names."""
        prefix = f"term{k}_"
        return {
            name.removeprefix(prefix): values
            for name, values in self.arrays.items()
            if name.startswith(prefix)
        }

    def sha256(self, budget: float, constraints: dict[str, Any]) -> str:
        """Return the hash that names this problem with these rules."""
        parts = {"costs": self.costs, **self.arrays}
        for resource in constraints["resources"]:
            parts[f"resource {resource['name']}"] = self.resources[resource["name"]]
        head = {
            "arrays": [[name, list(values.shape)] for name, values in parts.items()],
            "budget": budget,
            "constraints": constraints,
            "ids": self.ids or [],
            "objective": self.objective,
        }
        line = json.dumps(head, sort_keys=True, separators=(",", ":"), allow_nan=False)
        digest = hashlib.sha256(line.encode("ascii") + b"\n")
        for values in parts.values():
            digest.update(values.astype("<f8").tobytes("C"))
        return digest.hexdigest()


def _loaded(source: str | Path | Given) -> Given:
    if isinstance(source, Mapping):
        return source
    try:
        with Path(source).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            need(hasattr(archive, "files"), "The problem is no .npz archive.")
            names = list(archive.files)
            need(len(set(names)) == len(names), "The problem's file has a name twice.")
            return {name: archive[name] for name in names}
    except Refused:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        refuse(f"The problem cannot be read: {error}")


def _numbers(given: Given, name: str) -> Floats:
    need(name in given, f"The problem lacks {name}.")
    values = np.asarray(given[name])
    need(values.dtype.kind in "fiu", f"{name} must be numbers.")
    with np.errstate(over="ignore"):
        found = values.astype(np.float64)
    need(bool(np.isfinite(found).all()), f"{name} has a number that is not finite.")
    return found


def _string(given: Given, name: str) -> str:
    values = np.asarray(given[name])
    need(values.dtype.kind == "U" and values.shape == (), f"{name} must be one string.")
    return str(values[()])


def _strings(given: Given, name: str) -> list[str]:
    values = np.asarray(given[name])
    need(values.dtype.kind == "U" and values.ndim == 1, f"{name} must be a list of strings.")
    return [str(value) for value in values]


def _arrays(given: Given, objective: str, n: int, prefix: str = "") -> dict[str, Floats]:
    """Return the arrays of an objective (or of a term), their shapes checked."""
    lengths, found = {"n": n}, {}
    for name, shape, positive in _ARRAYS[objective]:
        key = prefix + name
        values = np.zeros(n) if name == "profits" and key not in given else _numbers(given, key)
        need(values.ndim == len(shape), f"{key} has {values.ndim} dimensions.")
        for letter, length in zip(shape, values.shape, strict=True):
            need(lengths.setdefault(letter, length) == length, f"{key} has the wrong shape.")
        need(not positive or bool((values >= 0).all()), f"{key} has a number below 0.")
        found[key] = values
    _check(objective, {key.removeprefix(prefix): values for key, values in found.items()})
    return found


def _check(objective: str, arrays: dict[str, Floats]) -> None:
    if objective == "pairs":
        q = arrays["utilities"]
        need(bool((q == q.T).all() and not q.diagonal().any()), "utilities are not symmetric.")
    if objective == "k_center":
        need(arrays["reach"].size > 0, "There is no point to be near to.")
    if objective == "design":
        sizes, prior = arrays["sizes"], arrays["prior"]
        need(bool((sizes == np.floor(sizes)).all()), "sizes must be whole.")
        need(sizes.sum() == len(arrays["factors"]), "sizes must add up to the rows of factors.")
        need(arrays["ridge"] > 0, "ridge must be above 0.")
        need(prior.size > 0 and bool((prior == prior.T).all()), "prior is not symmetric.")


def read_constraints(value: object, n: int) -> dict[str, Any]:
    """Return the rules in the one form in which they are compared and hashed."""
    names = {"include", "exclude", "labelled", "min_items", "max_items", "groups", "resources"}
    given = fields(value, "constraints", names)
    most = given["max_items"]
    groups = [
        {
            "name": text(group["name"], "a group's name"),
            "items": items(group["items"], "a group", n),
            "minimum": whole(group["minimum"], "a group's minimum", 0),
            "maximum": _or_none(group["maximum"], "a group's maximum"),
        }
        for group in (
            fields(group, "a group", {"name", "items", "minimum", "maximum"})
            for group in listed(given["groups"], "groups")
        )
    ]
    resources = [
        {"name": text(one["name"], "a resource's name"), "limit": at_least_0(one["limit"], "limit")}
        for one in (
            fields(one, "a resource", {"name", "limit"})
            for one in listed(given["resources"], "resources")
        )
    ]
    for kind, rules in (("group", groups), ("resource", resources)):
        need(len({rule["name"] for rule in rules}) == len(rules), f"A {kind}'s name occurs twice.")
    owned = [item for group in groups for item in group["items"]]
    need(len(set(owned)) == len(owned), "Two groups share an item.")
    return {
        **{name: items(given[name], name, n) for name in ("include", "exclude", "labelled")},
        "min_items": whole(given["min_items"], "min_items", 0),
        "max_items": _or_none(most, "max_items"),
        "groups": groups,
        "resources": resources,
    }


def _or_none(value: object, where: str) -> int | None:
    return None if value is None else whole(value, where, 0)


def read_problem(source: str | Path | Given) -> Problem:
    """Return a problem from its file or from its arrays.

    Raises
    ------
    Refused
        It is no problem that the page describes.
    """
    given = _loaded(source)
    costs = _numbers(given, "costs")
    need(costs.ndim == 1 and bool((costs >= 0).all()), "costs must be a list of numbers >= 0.")
    n = len(costs)
    default = "pairs" if "utilities" in given else "signatures"
    name = _string(given, "objective") if "objective" in given else default
    objective: str | list[str] = name
    if name == "sum":
        need("terms" in given, "A sum lacks its terms.")
        terms, shares = _strings(given, "terms"), _numbers(given, "shares")
        need(set(terms) <= _TERMS and bool(terms), "A sum has terms that cannot be summed.")
        need(shares.shape == (len(terms),) and bool((shares > 0).all()), "shares must be > 0.")
        arrays = {"shares": shares}
        for k, term in enumerate(terms):
            arrays |= _arrays(given, term, n, f"term{k}_")
        objective = ["sum", *terms]
    elif name in _ARRAYS:
        arrays = _arrays(given, name, n)
    else:
        refuse(f"{name!r} is no objective.")
    ids = _strings(given, "ids") if "ids" in given else None
    need(ids is None or len(ids) == n, "ids must name every item.")
    resources = {
        key.removeprefix("resource_"): _numbers(given, key)
        for key in given
        if key.startswith("resource_")
    }
    for key, values in resources.items():
        need(values.shape == (n,) and bool((values >= 0).all()), f"resource {key!r} is wrong.")
    budget = _numbers(given, "budget") if "budget" in given else None
    need(budget is None or (budget.shape == () and budget >= 0), "The file's budget is wrong.")
    return Problem(
        objective=objective,
        n=n,
        costs=costs,
        arrays=arrays,
        resources=resources,
        ids=ids,
        budget=None if budget is None else float(budget),
        constraints=read_constraints(parsed(_string(given, "constraints")), n)
        if "constraints" in given
        else None,
    )
