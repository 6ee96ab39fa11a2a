"""What a certificate is about: a problem as arrays, read strictly, and the hash that binds both."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .reading import Array, fail, number, parse, require

# Numbers that are looked at or turned into bytes at once.
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class ArrayRule:
    """What the specification says of an array.

    Parameters
    ----------
    name
        As in the file.
    shape
        Of letters: n items, m points, d dimensions, and whatever else; equal letters, equal sizes.
    least
        No entry is smaller.
    default
        Every entry, where the array may be missing.
    """

    name: str
    shape: str
    least: float = -math.inf
    default: float | None = None


ARRAYS: Mapping[str, Sequence[ArrayRule]] = {
    "signatures": (
        ArrayRule("weights", "n", 0.0),
        ArrayRule("vectors", "nd"),
        ArrayRule("profits", "n", default=0.0),
    ),
    "pairs": (ArrayRule("utilities", "nn"), ArrayRule("profits", "n", default=0.0)),
    "facility": (
        ArrayRule("similarities", "nm", 0.0),
        ArrayRule("demands", "m", 0.0),
        ArrayRule("served", "m", 0.0),
    ),
    "coverage": (
        ArrayRule("amounts", "nm", 0.0),
        ArrayRule("weights", "m", 0.0),
        ArrayRule("held", "m", 0.0),
    ),
    "design": (
        ArrayRule("factors", "rd"),
        ArrayRule("sizes", "n", 0.0),
        ArrayRule("ridge", "", 0.0),
        ArrayRule("prior", "dd"),
    ),
    "k_center": (ArrayRule("distances", "nm", 0.0), ArrayRule("reach", "m", 0.0)),
}


def _blocks(array: Array) -> Iterator[Array]:
    """Yield an array row by row, in blocks of about a million numbers, as float64."""
    if array.ndim == 0:
        yield np.asarray(array, dtype=np.float64)
        return
    rows = max(1, _BLOCK // max(1, int(np.prod(array.shape[1:], dtype=np.int64))))
    for start in range(0, len(array), rows):
        yield np.asarray(array[start : start + rows], dtype=np.float64)


def _checked(array: Array, rule: ArrayRule, sizes: dict[str, int], name: str) -> Array:
    """Return an array that is what the specification says of it."""
    if array.dtype.kind not in "fiu":
        fail(f"{name} must be numbers, not {array.dtype}.")
    if array.dtype.itemsize > np.dtype(np.float64).itemsize:
        array = array.astype(np.float64)  # its nearest float64 is what is meant, and compared
    if array.ndim != len(rule.shape):
        fail(f"{name} has {array.ndim} dimensions where it must have {len(rule.shape)}.")
    for letter, size in zip(rule.shape, array.shape, strict=True):
        expected = sizes.setdefault(letter, size)
        require(
            holds=size == expected,
            otherwise=f"{name} has {size} entries in a dimension where there must be {expected}.",
        )
    for block in _blocks(array):
        require(
            holds=bool(np.isfinite(block).all()),
            otherwise=f"{name} has an entry that is not a finite number.",
        )
        require(
            holds=bool((block >= rule.least).all()),
            otherwise=f"{name} has an entry below {rule.least:g}.",
        )
    return array


def _further(arrays: Mapping[str, Array], objective: str, prefix: str) -> None:
    """Check what the specification says beyond kinds, shapes and signs."""
    if objective == "pairs":
        q = arrays[f"{prefix}utilities"]
        require(
            holds=bool((q == q.T).all()) and not np.diagonal(q).any(),
            otherwise="utilities must be symmetric, with a diagonal of 0.",
        )
    if objective == "design":
        prior, sizes = arrays[f"{prefix}prior"], arrays[f"{prefix}sizes"]
        require(holds=bool((prior == prior.T).all()), otherwise=f"{prefix}prior must be symmetric.")
        require(
            holds=bool((sizes == np.floor(sizes)).all())
            and float(sizes.sum(dtype=np.float64)) == len(arrays[f"{prefix}factors"]),
            otherwise=f"{prefix}sizes must be whole numbers that add up to the rows of factors.",
        )
        require(
            holds=float(arrays[f"{prefix}ridge"]) > 0, otherwise=f"{prefix}ridge must be above 0."
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """A problem as plain data.

    Parameters
    ----------
    objective
        As ``docs/certificate.md`` names it.
    terms
        The objectives of a sum; empty otherwise.
    costs
        Shape (n,).
    arrays
        The objective's, by name; others are not kept.
    ids
        Names of the items; empty where they have none.
    resources
        What each item takes, shape (n,), by the name of the resource.
    budget, constraints
        What was asked, where that is known; constraints as in a certificate.

    Raises
    ------
    CertificateError
        When an array is not what the specification says.
    """

    objective: str
    costs: Array
    arrays: Mapping[str, Array]
    terms: Sequence[str] = ()
    ids: Sequence[str] = ()
    resources: Mapping[str, Array] = field(default_factory=dict)
    budget: float | None = None
    constraints: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        shape = ArrayRule("costs", "n", 0.0)
        object.__setattr__(self, "costs", _checked(np.asarray(self.costs), shape, sizes, "costs"))
        require(holds=self.n > 0, otherwise="The problem has no items.")
        checked: dict[str, Array] = {}
        for prefix, objective in self._kinds():
            of_term = {"n": self.n}
            for rule in ARRAYS[objective]:
                name = prefix + rule.name
                array = self.arrays.get(name)
                if array is None:
                    require(
                        holds=rule.default is not None,
                        otherwise=f"The problem has no {name}, which {objective} needs.",
                    )
                    array = np.full(self.n, rule.default)
                checked[name] = _checked(np.asarray(array), rule, of_term, name)
            _further(checked, objective, prefix)
        if self.objective == "sum":
            require(holds="shares" in self.arrays, otherwise="The problem has no shares.")
            shares = _checked(
                np.asarray(self.arrays["shares"]), ArrayRule("shares", "k", 0.0), {}, "shares"
            )
            require(
                holds=len(shares) == len(self.terms) and bool((shares > 0).all()),
                otherwise="shares must be above 0, one for each term.",
            )
            checked["shares"] = shares
        object.__setattr__(self, "arrays", checked)
        taken = {
            name: _checked(np.asarray(costs), shape, {"n": self.n}, f"resource {name!r}")
            for name, costs in self.resources.items()
        }
        object.__setattr__(self, "resources", taken)
        names = [str(name) for name in self.ids]
        require(
            holds=not names or (len(names) == self.n == len(set(names))),
            otherwise="ids must be unique, one for each item.",
        )
        object.__setattr__(self, "ids", names)

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.costs)

    def _kinds(self) -> list[tuple[str, str]]:
        """Return the objectives that have arrays, each with what their names begin with."""
        if self.objective == "sum":
            known = {"coverage", "design"}
            require(
                holds=len(self.terms) > 0 and all(str(term) in known for term in self.terms),
                otherwise="The terms of a sum are coverage and design, at least one.",
            )
            kinds = [(f"term{k}_", str(term)) for k, term in enumerate(self.terms)]
        else:
            kinds = [("", self.objective)]
        for _, kind in kinds:
            require(holds=kind in ARRAYS, otherwise=f"There is no objective {kind!r}.")
        return kinds

    @property
    def named(self) -> object:
        """The objective as it is hashed, and stated in a certificate."""
        return ["sum", *self.terms] if self.objective == "sum" else self.objective

    def _hashed(self, resources: Sequence[str]) -> Iterator[tuple[str, Array]]:
        yield "costs", self.costs
        if self.objective == "sum":
            yield "shares", self.arrays["shares"]
        for prefix, kind in self._kinds():
            for rule in ARRAYS[kind]:
                yield prefix + rule.name, self.arrays[prefix + rule.name]
        for name in resources:
            yield f"resource {name}", self.resources[name]

    def digest(self, budget: float, constraints: Mapping[str, object]) -> str:
        """Return SHA-256, in hexadecimal, of what is asked with a budget and constraints.

        The constraints are as in a certificate, and have been checked.
        """
        resources: list[str] = [r["name"] for r in constraints["resources"]]  # type: ignore[attr-defined]
        header = {
            "arrays": [[name, list(array.shape)] for name, array in self._hashed(resources)],
            "budget": float(budget),
            "constraints": constraints,
            "ids": list(self.ids),
            "objective": self.named,
        }
        line = json.dumps(header, sort_keys=True, separators=(",", ":"), allow_nan=False)
        content = hashlib.sha256(line.encode() + b"\n")
        for _, array in self._hashed(resources):
            for block in _blocks(array):
                content.update(np.ascontiguousarray(block, dtype="<f8").tobytes())
        return content.hexdigest()


def _loaded(path: str | Path) -> dict[str, Array]:
    """Return the arrays of a ``.npz`` file by name."""
    try:
        # Opened here: numpy leaves a damaged file open.
        with Path(path).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            names = list(archive.files)
            content: dict[str, Array] = {name: np.asarray(archive[name]) for name in names}
    except Exception as error:  # noqa: BLE001  numpy, zipfile, zlib and lzma have errors of their own
        fail(f"{path} cannot be read as .npz ({type(error).__name__}).")
    require(holds=len(content) == len(names), otherwise=f"{path} has two arrays of one name.")
    return content


def _string(content: Mapping[str, Array], name: str) -> str | None:
    """Return one string; None where there is none of the name."""
    array = content.get(name)
    if array is None:
        return None
    require(
        holds=array.dtype.kind == "U" and array.shape == (),
        otherwise=f"{name} must be one string.",
    )
    return str(array.item())


def _strings(content: Mapping[str, Array], name: str) -> list[str]:
    """Return a list of strings; an empty one where there is none of the name."""
    array = content.get(name)
    if array is None:
        return []
    require(
        holds=array.dtype.kind == "U" and array.ndim == 1,
        otherwise=f"{name} must be a list of strings.",
    )
    return [str(entry) for entry in array]


def _budget(content: Mapping[str, Array]) -> float | None:
    """Return the budget that was asked; None where the file does not say."""
    array = content.get("budget")
    if array is None:
        return None
    require(
        holds=array.dtype.kind in "fiu" and array.shape == (),
        otherwise="budget must be one number.",
    )
    return number(float(array), "budget", 0.0)


_SHARED = ("objective", "terms", "costs", "ids", "groups", "budget", "constraints")


def read_problem(path: str | Path) -> Inputs:
    """Read a problem's ``.npz`` file.

    Raises
    ------
    CertificateError
        It is none, or not what the specification says.
    """
    content = _loaded(path)
    if "costs" not in content:
        fail(f"{path} has no costs.")
    default = "pairs" if "utilities" in content else "signatures"
    resources = {k[9:]: a for k, a in content.items() if k.startswith("resource_")}
    own = {k: a for k, a in content.items() if k not in _SHARED and not k.startswith("resource_")}
    rules = _string(content, "constraints")
    return Inputs(
        objective=_string(content, "objective") or default,
        costs=content["costs"],
        arrays=own,
        terms=_strings(content, "terms"),
        ids=_strings(content, "ids"),
        resources=resources,
        budget=_budget(content),
        constraints=None if rules is None else parse(rules),
    )
