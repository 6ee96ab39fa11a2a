"""The claims of a certificate, checked one after the other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from solver.check.constraints import Part, StatedRow, part, rows
from solver.check.inputs import Array, Inputs
from solver.check.pairs import PairBounds
from solver.check.reading import get, index, mapping, number, require, sequence
from solver.check.signatures import SignatureBounds

FORMAT = "seedal-certificate/1"

# Two values are called equal, and a bound proven, up to this much relative to the objective ...
TOLERANCE = 1e-9
# ... plus this much relative to the numbers whose difference it is (t^2 / 2 for signatures).
CANCELLATION = 1e-12


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What has been recomputed.

    Parameters
    ----------
    status
        ``optimal``, ``feasible`` or ``infeasible``, as the certificate says and as was checked.
    objective
        Of the selection; None where there is none.
    upper_bound
        No selection that keeps every rule is worth more than this and `tolerance`; None where
        there is no such selection.
    tolerance
        What rounding is granted.
    leaves
        Number of parts that were bounded.
    """

    status: str
    objective: float | None
    upper_bound: float | None
    tolerance: float
    leaves: int


def _whole_list(value: object, size: int, name: str) -> Array:
    items = [index(entry, size, name) for entry in sequence(value, name)]
    return np.array(items, dtype=np.int64)


def _mask(n: int, items: object) -> Array:
    mask = np.zeros(n, dtype=bool)
    mask[_whole_list(items, n, "item")] = True
    return mask


def _identity(inputs: Inputs, certificate: Mapping[str, object]) -> None:
    """Check that a certificate is about these inputs."""
    name = get(certificate, "format")
    require(holds=name == FORMAT, otherwise=f"There is no certificate format {name!r}.")
    about = mapping(get(certificate, "inputs"), "inputs")
    budget = number(get(certificate, "budget"), "budget")
    require(
        holds=budget == inputs.budget,
        otherwise=f"The certificate is for a budget of {budget!r}, not {inputs.budget!r}.",
    )
    require(
        holds=get(certificate, "constraints") == inputs.constraints,
        otherwise="The certificate is for other constraints.",
    )
    require(
        holds=get(about, "sha256") == inputs.digest(),
        otherwise="The inputs are not those that the certificate was made for: the hashes differ.",
    )


def _feasible(
    inputs: Inputs, certificate: Mapping[str, object], rules: Mapping[str, StatedRow], root: Part
) -> Array:
    """Check a selection and its cost; return its items and those already labelled."""
    selected = _whole_list(get(certificate, "selected"), inputs.n, "selected")
    require(
        holds=bool((np.diff(selected) > 0).all()),
        otherwise="The selection is not a sorted list of distinct items.",
    )
    cost = math.fsum(inputs.costs[selected])
    stated = number(get(certificate, "total_cost"), "total_cost")
    require(
        holds=abs(cost - stated) <= TOLERANCE * cost,
        otherwise=f"The selection costs {cost!r}, not {stated!r}.",
    )
    labelled = _mask(inputs.n, inputs.constraints["labelled"])
    chosen = labelled.copy()
    chosen[selected] = True
    require(
        holds=not labelled[selected].any(),
        otherwise="The selection has an item that is labelled already.",
    )
    require(holds=bool(chosen[root.taken].all()), otherwise="An item that must be chosen is not.")
    excluded = _mask(inputs.n, inputs.constraints["exclude"])
    require(holds=not chosen[excluded].any(), otherwise="An excluded item is chosen.")
    for name, row in rules.items():
        total = math.fsum(row.coefficients[chosen])
        require(
            holds=total <= row.limit,
            otherwise=f"The selection breaks the rule {name!r}: {total!r} is above {row.limit!r}.",
        )
    return np.flatnonzero(chosen)


def _largest(
    inputs: Inputs,
    proof: Mapping[str, object],
    bounds: SignatureBounds | PairBounds,
    rules: Mapping[str, StatedRow],
) -> tuple[float, int]:
    """Walk a tree of decisions in preorder (out before in); return the largest leaf bound."""
    covers = sequence(get(proof, "covers"), "covers")
    included = [*inputs.constraints["include"], *inputs.constraints["labelled"]]
    open_parts = [(tuple(included), tuple(inputs.constraints["exclude"]))]
    best, leaves = -math.inf, 0
    for entry in sequence(get(proof, "tree"), "tree"):
        require(holds=bool(open_parts), otherwise="The tree has more nodes than its branches.")
        taken, refused = open_parts.pop()
        node = mapping(entry, "node")
        if "branch" in node:
            item = index(node["branch"], inputs.n, "branch")
            decided = item in taken or item in refused
            require(holds=not decided, otherwise=f"The tree decides item {item} twice.")
            open_parts += [((*taken, item), refused), (taken, (*refused, item))]
            continue
        leaves += 1
        within = part(rules, _mask(inputs.n, taken), _mask(inputs.n, refused))
        if within.empty:
            continue
        place = index(get(node, "cover"), len(covers), "cover")
        best = max(best, bounds.leaf(mapping(covers[place], "cover"), within, rules))
    require(holds=not open_parts, otherwise="The tree leaves a branch open.")
    return best, leaves


def _quality(
    certificate: Mapping[str, object], worth: float, proven: float, tolerance: float
) -> tuple[str, float]:
    """Check status, objective and bound against what was recomputed."""
    status = get(certificate, "status")
    objective = number(get(certificate, "objective"), "objective")
    bound = number(get(certificate, "upper_bound"), "upper_bound")
    require(
        holds=abs(objective - worth) <= tolerance,
        otherwise=f"The selection is worth {worth!r}, not {objective!r}.",
    )
    require(
        holds=bound >= objective,
        otherwise=f"The bound {bound!r} is below the objective {objective!r}.",
    )
    require(
        holds=proven <= bound + tolerance,
        otherwise=f"The bound {bound!r} is not proven: the proof gives {proven!r}.",
    )
    require(
        holds=isinstance(status, str) and status in {"optimal", "feasible"},
        otherwise=f"There is no status {status!r} for a selection.",
    )
    require(
        holds=status != "optimal" or bound == objective,
        otherwise=f"The selection is called optimal, and the bound is {bound - objective!r} above.",
    )
    return str(status), bound


def check(inputs: Inputs, certificate: Mapping[str, object]) -> Proven:
    """Check every claim of a certificate against the inputs.

    Parameters
    ----------
    inputs
        The problem, from where the reader trusts it to come.
    certificate
        As `solver.certificate` describes it; may come from anyone.

    Returns
    -------
    Proven
        What holds.

    Raises
    ------
    VerificationError
        Naming the first claim that does not hold.
    """
    _identity(inputs, certificate)
    proof = mapping(get(certificate, "proof"), "proof")
    make = PairBounds if inputs.weights is None else SignatureBounds
    bounds = make(inputs, proof)
    rules, limits = rows(inputs), inputs.constraints
    labelled = _mask(inputs.n, limits["labelled"])
    root = part(
        rules, _mask(inputs.n, limits["include"]) | labelled, _mask(inputs.n, limits["exclude"])
    )
    proven, leaves = _largest(inputs, proof, bounds, rules)
    if get(certificate, "status") == "infeasible":
        require(
            holds=proven == -math.inf and not get(certificate, "selected"),
            otherwise="The proof does not show that there is no selection.",
        )
        return Proven(
            status="infeasible", objective=None, upper_bound=None, tolerance=0.0, leaves=leaves
        )
    chosen = _feasible(inputs, certificate, rules, root)
    worth = bounds.objective(chosen) + float(inputs.profits[chosen].sum())
    size = bounds.size(root, rules["budget"]) + float(np.abs(inputs.profits[chosen]).sum())
    tolerance = TOLERANCE * abs(worth) + CANCELLATION * size
    status, bound = _quality(certificate, worth, proven, tolerance)
    return Proven(
        status=status, objective=worth, upper_bound=bound, tolerance=tolerance, leaves=leaves
    )
