"""Whether a certificate holds: what it states of itself, and then its proof."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import arb

from second_checker.design import Design
from second_checker.fields import at_least_0, fields, items, number, parsed, text, whole
from second_checker.pairs import Pairs, Signatures
from second_checker.planes import Objective
from second_checker.problem import Floats, Given, Problem, read_constraints, read_problem
from second_checker.refusing import need
from second_checker.rules import Rule, State, make_rules, root
from second_checker.sets import Coverage, Facility, KCenter, Sum
from second_checker.walk import Walk, highest

FORMAT = "seedal-certificate/3"
_FIELDS = {
    "format", "problem", "budget", "constraints", "status", "selected", "total_cost", "objective",
    "upper_bound", "proof",
}  # fmt: skip
_OBJECTIVES: dict[str, Callable[[dict[str, Floats], list[Rule], State], Objective]] = {
    "signatures": Signatures, "pairs": Pairs, "facility": Facility, "coverage": Coverage,
    "design": Design, "k_center": KCenter,
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What has been proven.

    Parameters
    ----------
    status
        `optimal`, `feasible` or `infeasible`.
    objective, upper_bound
        As stated, and shown to hold within the tolerance of the page; None where infeasible.
    nodes
        How many nodes the tree has.
    """

    status: str
    objective: float | None
    upper_bound: float | None
    nodes: int


def make_objective(problem: Problem, rules: list[Rule], start: State) -> Objective:
    """Return the objective of a problem, with the rules and the root of its tree."""
    name = problem.objective
    if isinstance(name, str):
        return _OBJECTIVES[name](problem.arrays, rules, start)
    terms = [_OBJECTIVES[term](problem.term(k), rules, start) for k, term in enumerate(name[1:])]
    return Sum(problem.arrays["shares"], terms)


def _asked(problem: Problem, given: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Return the budget and the rules, which are the file's where it has any."""
    budget = at_least_0(given["budget"], "budget")
    constraints = read_constraints(given["constraints"], problem.n)
    need(problem.budget in {None, budget}, "The budget is not that of the problem's file.")
    asked = problem.constraints
    need(asked is None or asked == constraints, "The rules are not those of the problem's file.")
    for resource in constraints["resources"]:
        need(resource["name"] in problem.resources, "A resource is not in the problem's file.")
    named = fields(given["problem"], "problem", {"objective", "items", "sha256"})
    need(named["objective"] == problem.objective, "The certificate is of another objective.")
    need(whole(named["items"], "items") == problem.n, "The certificate is of other items.")
    found = problem.sha256(budget, constraints)
    need(text(named["sha256"], "sha256") == found, "The certificate is of another problem.")
    return budget, constraints


def _keeps(chosen: list[int], rules: list[Rule], constraints: dict[str, Any]) -> None:
    """Refuse a selection that breaks a rule."""
    labelled, left = set(constraints["labelled"]), set(constraints["exclude"])
    need(not labelled & set(chosen), "A labelled item is selected.")
    need(set(constraints["include"]) - labelled <= set(chosen), "An included item is missing.")
    there = labelled | set(chosen) | set(constraints["include"])
    need(not left & there, "An excluded item is selected.")
    for rule in rules:
        if rule.name.startswith("point "):
            continue
        total = sum(rule.row[i] for i in chosen)
        need(rule.most is None or total <= rule.most, f"The rule {rule.name!r} is exceeded.")
        need(rule.least is None or total >= rule.least, f"The rule {rule.name!r} is not reached.")


def second_check(source: str | Path | Given, certificate: bytes | dict[str, Any]) -> Verdict:
    """Check a certificate against a problem.

    Parameters
    ----------
    source
        The path of a problem's ``.npz``, or its arrays by name.
    certificate
        The certificate's JSON, or the object that it says.

    Raises
    ------
    Refused
        Something does not hold, or is not understood.
    """
    problem = read_problem(source)
    read = certificate if isinstance(certificate, dict) else parsed(certificate)
    given = fields(read, "the certificate", _FIELDS)
    need(given["format"] == FORMAT, "The format is another one.")
    budget, constraints = _asked(problem, given)
    status = given["status"]
    need(status in ("optimal", "feasible", "infeasible"), "The status is none.")
    chosen = items(given["selected"], "selected", problem.n)
    if status == "infeasible":
        for name in ("objective", "upper_bound", "total_cost"):
            need(given[name] is None, f"{name} must be null where nothing is possible.")
        need(not chosen, "Something is selected where nothing is possible.")
        value = bound = None
    else:
        value = number(given["objective"], "objective")
        bound = number(given["upper_bound"], "upper_bound")
        need(value <= bound, "The bound is below the objective.")
        need(status == "feasible" or value == bound, "An optimal answer's bound is its objective.")
        cost = math.fsum(problem.costs[chosen].tolist())
        need(number(given["total_cost"], "total_cost") == cost, "total_cost is another sum.")
    reach = -bound if problem.objective == "k_center" and bound is not None else None
    rules = make_rules(problem, budget, constraints, reach)
    start = root(rules, constraints, problem.n)
    objective = make_objective(problem, rules, start)
    highest_bound = None
    if value is not None and bound is not None:
        _keeps(chosen, rules, constraints)
        there = sorted({*chosen, *constraints["labelled"]})
        tolerance = arb(0)
        if not objective.whole:
            tolerance = abs(arb(value)) * arb("1e-9") + objective.scale(there) * arb("1e-12")
        off = abs(objective.worth(there) - arb(value))
        need(bool(off <= tolerance), "The selection is not worth what is stated.")
        highest_bound = arb(bound) + tolerance
    nodes = _prove(objective, given["proof"], start, highest_bound)
    return Verdict(status, value, bound, nodes)


def _prove(objective: Objective, given: object, start: State, bound: arb | None) -> int:
    """Refuse a proof that does not hold; return how many nodes it has."""
    required = {"tree", "points"}
    if isinstance(objective, Signatures):
        required |= {"top", "shifts"}
    proof = fields(given, "proof", required)
    rows = objective.read_points(proof["points"])
    if isinstance(objective, Signatures):
        objective.read_shifts(proof["shifts"])
        start = highest(objective, objective.rules, start, proof["top"])
    return Walk(objective, objective.rules, rows, bound).check(proof["tree"], start)
