"""The claims of a certificate, checked one after the other."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .objectives import planes_of
from .planes import Planes
from .points import PointRows, read_shifts
from .problem import Inputs
from .reading import (
    Array,
    ascending,
    fail,
    fields_of,
    number,
    record,
    require,
)
from .rounding import UNDERFLOW, UNIT, exact_sum, row_sums
from .rules import NumberRanges, StatedRules, refuse, stated_constraints
from .tree import Tree

FORMAT = "seedal-certificate/3"

# Two values are called equal, and a bound proven, up to this much relative to the objective ...
TOLERANCE = 1e-9
# ... plus this much relative to the numbers whose sum or difference it is.
CANCELLATION = 1e-12

_FIELDS = (
    "format",
    "problem",
    "budget",
    "constraints",
    "status",
    "selected",
    "total_cost",
    "objective",
    "upper_bound",
    "proof",
)


@dataclass(frozen=True, kw_only=True)
class Proven:
    """What has been recomputed.

    Parameters
    ----------
    status
        ``optimal``, ``feasible`` or ``infeasible``, as the certificate says and as was checked.
    objective
        Of the selection, as stated; None where there is none.
    upper_bound
        No selection that keeps every rule is worth more than this and `tolerance`; None where
        there is no such selection.
    tolerance
        What is granted: see ``docs/certificate.md``.
    budget
        What the certificate is about.
    nodes, bounds
        How many nodes the tree has, and how many of them have a bound of their own.
    """

    status: str
    objective: float | None
    upper_bound: float | None
    tolerance: float
    budget: float
    nodes: int
    bounds: int


@dataclass(frozen=True, eq=False, slots=True)
class _Question:
    """What was asked, as a certificate states it and as was compared with the problem."""

    inputs: Inputs
    budget: float
    constraints: Mapping[str, object]


def _question(inputs: Inputs, certificate: Mapping[str, object]) -> _Question:
    """Check that a certificate is about these inputs."""
    name = fields_of(certificate, "it").get("format")
    require(holds=name == FORMAT, otherwise=f"There is no certificate format {name!r}.")
    record(certificate, "it", _FIELDS)
    budget = number(certificate["budget"], "budget", 0.0)
    require(
        holds=inputs.budget is None or budget == inputs.budget,
        otherwise=f"The certificate is for a budget of {budget!r}, not {inputs.budget!r}.",
    )
    constraints = stated_constraints(certificate["constraints"], inputs.n)
    if inputs.constraints is not None:
        require(
            holds=constraints == stated_constraints(inputs.constraints, inputs.n),
            otherwise="The certificate is for other constraints.",
        )
    about = record(certificate["problem"], "problem", ("objective", "items", "sha256"))
    require(
        holds=about["objective"] == inputs.named,
        otherwise=f"The certificate is for {about['objective']!r}, not {inputs.named!r}.",
    )
    require(
        holds=isinstance(about["items"], int)
        and not isinstance(about["items"], bool)
        and about["items"] == inputs.n,
        otherwise=f"The certificate is for {about['items']!r} items, not {inputs.n}.",
    )
    for resource in constraints["resources"]:  # type: ignore[attr-defined]
        if resource["name"] not in inputs.resources:
            fail(
                f"The certificate is about costs {resource['name']!r} that the problem does not "
                "have."
            )
    require(
        holds=about["sha256"] == inputs.digest(budget, constraints),
        otherwise="The inputs are not those that the certificate was made for: the hashes differ.",
    )
    return _Question(inputs, budget, constraints)


def _selection(asked: _Question, certificate: Mapping[str, object], rules: StatedRules) -> Array:
    """Check a selection and its cost; return what is there: its items, and those labelled."""
    inputs = asked.inputs
    selected = ascending(certificate["selected"], inputs.n, "selected")
    cost = exact_sum(np.asarray(inputs.costs, np.float64)[selected])
    stated = number(certificate["total_cost"], "total_cost")
    require(holds=cost == stated, otherwise=f"The selection costs {cost!r}, not {stated!r}.")
    require(
        holds=not rules.labelled[selected].any(),
        otherwise="The selection has an item that is labelled already.",
    )
    there = rules.labelled.copy()
    there[selected] = True
    require(
        holds=bool(there[rules.included].all()), otherwise="An item that must be chosen is not."
    )
    require(holds=not there[rules.excluded].any(), otherwise="An excluded item is chosen.")
    broken = rules.broken_by(there)
    require(holds=broken is None, otherwise=f"The selection breaks the rule {broken}.")
    return np.flatnonzero(there)


def _require_top(top: float, weights: Array, rules: StatedRules) -> None:
    """Check that t of no selection is above `top`: a continuous knapsack, by its multiplier."""
    budget, w = rules.rows[0], np.asarray(weights, np.float64)
    taken = rules.included
    free = ~(taken | rules.excluded)
    spent = exact_sum(budget.coefficients[taken]) * (1.0 - 2 * UNIT)
    left = max(0.0, budget.most - spent) + 4 * UNIT * budget.most
    every = NumberRanges(np.zeros(1), np.full(1, float(len(w))))
    free = refuse(rules, taken[None, :], free[None, :], every)[0]
    costs, worth = budget.coefficients[free], w[free]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(worth > 0, worth / costs, 0.0)
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(costs[order]), left, side="right"))
    b = float(ratio[order[place]]) if place < len(order) else 0.0
    b = b if math.isfinite(b) else 0.0
    terms = np.concatenate([w[taken], np.maximum(worth - b * costs, 0.0), [b * left]])
    sums, off = row_sums(terms[None, :])
    most = float(sums[0] + off[0]) + 4 * UNIT * float((worth + b * costs).sum())
    require(holds=top >= most, otherwise=f"t can be {most!r}, which is above its top {top!r}.")


def _proof(
    asked: _Question, proof: Mapping[str, object], rules: StatedRules
) -> tuple[Tree, Planes]:
    """Read a proof; return its tree and the planes that it is made of."""
    inputs = asked.inputs
    signatures = inputs.objective == "signatures"
    fields = ("tree", "points", *(("top", "shifts") if signatures else ()))
    record(proof, "proof", fields)
    places = inputs.n
    if inputs.objective == "facility":
        places = inputs.arrays["similarities"].shape[1]
    points = PointRows(proof["points"], places, paired=inputs.objective == "pairs")
    require(
        holds=inputs.objective != "k_center" or proof["points"] in ([], ()),
        otherwise="A proof about k_center has no points.",
    )
    shifts = read_shifts(proof["shifts"], inputs.n) if signatures else []
    range_of_t = None
    if signatures:
        w = np.asarray(inputs.arrays["weights"], np.float64)
        top = number(proof["top"], "top", 0.0)
        _require_top(top, w, rules)
        range_of_t = (exact_sum(w[rules.included]) * (1.0 - 2 * UNIT), top)
    planes = planes_of(inputs, rules, points, shifts)
    tree = Tree(
        proof["tree"],
        rules,
        range_of_t,
        len(points),
        len(shifts),
        scaled=inputs.objective not in {"pairs", "k_center"},
    )
    return tree, planes


def _status(certificate: Mapping[str, object], objective: float, bound: float) -> str:
    status = certificate["status"]
    require(
        holds=isinstance(status, str) and status in {"optimal", "feasible"},
        otherwise=f"There is no status {status!r} for a selection.",
    )
    require(
        holds=bound >= objective,
        otherwise=f"The bound {bound!r} is below the objective {objective!r}.",
    )
    require(
        holds=status != "optimal" or bound == objective,
        otherwise=f"The selection is called optimal, and the bound is {bound - objective!r} above.",
    )
    return str(status)


def _infeasible(certificate: Mapping[str, object], asked: _Question) -> Proven:
    for name in ("objective", "upper_bound", "total_cost"):
        require(
            holds=certificate[name] is None,
            otherwise=f"There is no selection, and yet the certificate has a {name}.",
        )
    require(
        holds=certificate["selected"] in ([], ()),
        otherwise="There is no selection, and yet the certificate has one.",
    )
    rules = StatedRules(asked.inputs, asked.budget, asked.constraints)
    proof = fields_of(certificate["proof"], "proof")
    tree, _ = _proof(asked, proof, rules)
    require(
        holds=not tree.bounded_ends and not tree.bounds,
        otherwise="The proof does not show that there is no selection: a node has a bound.",
    )
    tree.require_ends()
    return Proven(
        status="infeasible",
        objective=None,
        upper_bound=None,
        tolerance=0.0,
        budget=asked.budget,
        nodes=tree.nodes,
        bounds=0,
    )


def proven_bound(inputs: Inputs, certificate: Mapping[str, object]) -> float:
    """Return what a certificate's proof shows, whatever bound the certificate states.

    For those who make certificates: that items are decided is taken on trust.

    Raises
    ------
    CertificateError
        As `check`, of what it looks at.
    """
    asked = _question(inputs, certificate)
    bound = number(certificate["upper_bound"], "upper_bound")
    k_center = inputs.objective == "k_center"
    rules = StatedRules(
        inputs, asked.budget, asked.constraints, radius=0.0 - bound if k_center else None
    )
    tree, planes = _proof(asked, fields_of(certificate["proof"], "proof"), rules)
    tree.require_ends()
    return tree.bound(planes, math.inf)


def check(inputs: Inputs, certificate: Mapping[str, object]) -> Proven:
    """Check every claim of a certificate against the inputs.

    Parameters
    ----------
    inputs
        The problem, from where the reader trusts it to come.
    certificate
        As ``docs/certificate.md`` specifies it; may come from anyone.

    Returns
    -------
    Proven
        What holds.

    Raises
    ------
    CertificateError
        Naming the first claim that does not hold.
    """
    # What overflows is no number, and what is no number is refused where it is compared.
    with np.errstate(all="ignore"):
        return _checked(inputs, certificate)


def _checked(inputs: Inputs, certificate: Mapping[str, object]) -> Proven:
    asked = _question(inputs, certificate)
    if certificate["status"] == "infeasible":
        return _infeasible(certificate, asked)
    objective = number(certificate["objective"], "objective")
    bound = number(certificate["upper_bound"], "upper_bound")
    k_center = inputs.objective == "k_center"
    rules = StatedRules(
        inputs, asked.budget, asked.constraints, radius=0.0 - bound if k_center else None
    )
    plain = StatedRules(inputs, asked.budget, asked.constraints) if k_center else rules
    there = _selection(asked, certificate, plain)
    tree, planes = _proof(asked, fields_of(certificate["proof"], "proof"), rules)
    worth, rounding, scale = planes.worth(there)
    tolerance = TOLERANCE * abs(objective) + CANCELLATION * scale + UNDERFLOW
    if planes.exact:
        tolerance = 0.0
    require(holds=math.isfinite(tolerance), otherwise="The scale of the objective is not finite.")
    require(
        holds=abs(objective - worth) + rounding <= tolerance,
        otherwise=f"The selection is worth {worth!r}, not {objective!r}.",
    )
    status = _status(certificate, objective, bound)
    tree.require_ends()
    proven = tree.bound(planes, bound + tolerance)
    require(
        holds=proven <= bound + tolerance,
        otherwise=f"The bound {bound!r} is not proven: the proof gives {proven!r}.",
    )
    return Proven(
        status=status,
        objective=objective,
        upper_bound=bound,
        tolerance=tolerance,
        budget=asked.budget,
        nodes=tree.nodes,
        bounds=len(tree.bounds),
    )
