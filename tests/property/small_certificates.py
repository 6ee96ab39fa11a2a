"""Certificates of problems that exhaustive search can solve, valid by construction.

The maker knows the answer; its trees use every kind of node, bounds that decide items, points of
several blocks, scales and shifts. Planes and rules are those of the second checker: what they say
is tested against exhaustive search, and against the product's checker.
"""

import base64
import hashlib
import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from second_checker.pairs import Pairs, Signatures
from second_checker.planes import Job
from second_checker.problem import read_constraints, read_problem
from second_checker.rules import State, ceiling, decided, empty, make_rules, plainly_empty, prices
from second_checker.rules import root as rules_root
from second_checker.verdict import make_objective
from second_checker.walk import highest
from small_truth import Arrays, Rules, best, objective_of

Json = dict[str, Any]
NO_RULES: Rules = {
    "include": [], "exclude": [], "labelled": [], "min_items": 0, "max_items": None,
    "groups": [], "resources": [],
}  # fmt: skip
_ORDER = {
    "signatures": ["weights", "vectors", "profits"],
    "pairs": ["utilities", "profits"],
    "facility": ["similarities", "demands", "served"],
    "coverage": ["amounts", "weights", "held"],
    "design": ["factors", "sizes", "ridge", "prior"],
    "k_center": ["distances", "reach"],
}


def fingerprint(arrays: Arrays, budget: float, rules: Rules) -> Json:
    """Return the field `problem`, by the words of the page."""
    name = objective_of(arrays)
    if name == "sum":
        terms = [str(term) for term in arrays["terms"]]
        order = ["shares"]
        order += [f"term{k}_{part}" for k, term in enumerate(terms) for part in _ORDER[term]]
        objective: str | list[str] = ["sum", *terms]
    else:
        order, objective = _ORDER[name], name
    n = len(arrays["costs"])
    full = {"profits": np.zeros(n), **arrays}
    parts = [(key, full[key]) for key in ["costs", *order]]
    parts += [
        (f"resource {one['name']}", arrays[f"resource_{one['name']}"]) for one in rules["resources"]
    ]
    head = {
        "arrays": [[key, list(values.shape)] for key, values in parts],
        "budget": float(budget),
        "constraints": {
            **rules,
            "resources": [{**one, "limit": float(one["limit"])} for one in rules["resources"]],
        },
        "ids": [str(one) for one in arrays["ids"]] if "ids" in arrays else [],
        "objective": objective,
    }
    line = json.dumps(head, sort_keys=True, separators=(",", ":"))
    content = line.encode() + b"\n" + b"".join(v.astype("<f8").tobytes() for _, v in parts)
    return {"objective": objective, "items": n, "sha256": hashlib.sha256(content).hexdigest()}


def block(items: list[int], rows: npt.ArrayLike, dtype: str = "<f8") -> Json:
    """Return one block of points."""
    values = np.asarray(rows, dtype=dtype)
    return {
        "items": items,
        "rows": len(values),
        "dtype": dtype,
        "values": base64.b64encode(values.tobytes()).decode(),
    }


@dataclass
class Maker:
    """Makes one certificate.

    Parameters
    ----------
    arrays, budget, rules
        The problem.
    seed
        Of what the tree looks like.
    slack
        What the bound is above the best worth, for a `feasible` certificate; None for `optimal`.
    """

    arrays: Arrays
    budget: float
    rules: Rules = field(default_factory=lambda: NO_RULES)
    seed: int = 0
    slack: float | None = None
    plain: bool = False

    def make(self) -> Json:
        """Return the certificate."""
        self.random = np.random.default_rng(self.seed)
        found = best(self.arrays, self.budget, self.rules)
        problem = read_problem(self.arrays)
        self.n = problem.n
        self.value = None if found is None else found[0] + 0.0
        self.bound = None if self.value is None else self.value + (self.slack or 0.0)
        self.centre = problem.objective == "k_center"
        reach = -self.bound if self.centre and self.bound is not None else None
        constraints = read_constraints(self.rules, self.n)
        self.book = make_rules(problem, self.budget, constraints, reach)
        start = rules_root(self.book, constraints, self.n)
        self.objective = make_objective(problem, self.book, start)
        self.signatures = isinstance(self.objective, Signatures)
        self.blocks: list[Json] = []
        proof: Json = {}
        if self.signatures:
            top = float(np.sum(self.arrays["weights"]) * (1 + 1e-9) + 1e-9)
            shifts = self._shifts(start)
            self.objective.read_shifts(shifts)  # type: ignore[attr-defined]
            proof = {"top": top, "shifts": shifts}
            start = highest(self.objective, self.book, start, top)  # type: ignore[arg-type]
        self._blocks()
        self.tree: list[Json] = []
        self._grow(start, 0)
        chosen = [] if found is None else list(found[1])
        status = "optimal" if self.slack is None else "feasible"
        return {
            "format": "seedal-certificate/3",
            "problem": fingerprint(self.arrays, self.budget, self.rules),
            "budget": self.budget,
            "constraints": self.rules,
            "status": "infeasible" if found is None else status,
            "selected": chosen,
            "total_cost": None if found is None else math.fsum(self.arrays["costs"][chosen]),
            "objective": self.value,
            "upper_bound": self.bound,
            "proof": {"tree": self.tree, "points": self.blocks, **proof},
        }

    def _shifts(self, start: State) -> list[Json]:
        items = list(start.undecided)
        v = self.arrays["weights"][:, None] * self.arrays["vectors"]
        for chosen in (items, items[:2], items[:1]):
            if chosen:
                least = float(np.linalg.eigvalsh(v[chosen] @ v[chosen].T)[0])
                if least > 1e-3:
                    return [{"items": chosen, "value": 0.9 * least}]
        return []

    def _blocks(self) -> None:
        """Make two blocks of random points; leaves of facility location add their own."""
        if self.centre or self.value is None:
            return
        where = len(self.arrays["demands"]) if "demands" in self.arrays else self.n
        for items, dtype in ((list(range(where)), "<f8"), (list(range(0, where, 2)), "<f4")):
            wide = len(items) * (len(items) - 1) // 2
            width = wide if isinstance(self.objective, Pairs) else len(items)
            self.blocks.append(block(items, self.random.uniform(0, 1, (3, width)), dtype))
        self._read()

    def _read(self) -> None:
        self.rows = self.objective.read_points(self.blocks)

    def _grow(self, state: State, depth: int) -> None:
        if plainly_empty(state, self.book):
            self.tree.append({"end": "empty", "multipliers": {}})
            return
        y = None if self.plain else self._shown_empty(state)
        if y is not None:
            self.tree.append({"end": "empty", "multipliers": y})
            return
        if not self.centre and self.value is not None and not self.plain:
            state, done = self._bounded(state)
            if done:
                return
        kind = self.random.choice(["item", "number", "total"])
        if not state.undecided:
            self._leaf(state)
        elif not self.plain and depth < 3 and kind == "number" and state.fewest < state.most:
            k = int(self.random.integers(state.fewest, state.most))
            self.tree.append({"number": k})
            self._grow(decided(replace(state, most=k), self.book, [], []), depth + 1)
            self._grow(decided(replace(state, fewest=k + 1), self.book, [], []), depth + 1)
        elif not self.plain and depth < 3 and kind == "total" and self.signatures:
            t = float(self.random.uniform(state.low, state.high))
            self.tree.append({"total": t})
            self._grow(replace(state, high=t), depth + 1)
            self._grow(replace(state, low=t), depth + 1)
        else:
            item = int(self.random.choice(state.undecided))
            self.tree.append({"item": item})
            self._grow(decided(state, self.book, [], [item]), depth + 1)
            self._grow(decided(state, self.book, [item], []), depth + 1)

    def _shown_empty(self, state: State) -> Json | None:
        """Return multipliers that show that nothing is left, if simple ones do."""
        for k, rule in enumerate(self.book):
            if rule.signs != (1,) or not state.undecided:
                continue
            for price in {float(rule.entry(i)) for i in state.undecided}:
                if price > 0 and empty(state, self.book, {0: -price, k: 1.0}):
                    return {"number": -price, rule.name: 1.0}
        return None

    def _multipliers(self, state: State, g: list[Any]) -> dict[int, float]:
        """Return a multiplier of the budget: a worth per cost, or none."""
        k = next(k for k, rule in enumerate(self.book) if rule.name == "budget")
        ratios = [
            float(g[i]) / float(self.book[k].entry(i))
            for i in state.undecided
            if self.book[k].row[i]
        ]
        ratios = [ratio for ratio in ratios if ratio > 0]
        return {k: float(self.random.choice(ratios))} if ratios else {}

    def _bounded(self, state: State) -> tuple[State, bool]:
        """Write a bound if it decides anything; return the state below it, and whether it ends."""
        point = int(self.random.integers(len(self.rows)))
        scale = float(self.random.choice([1.0, 0.7])) if self.objective.scalable else 1.0
        shift = None
        if self.signatures:
            inside = [set(state.undecided) <= one for one, _ in self.objective.shifts]  # type: ignore[attr-defined]
            shift = 0 if any(inside) else None
        c, g = self.objective.planes([Job(state, *self.rows[point], scale, shift)])[0]
        y = self._multipliers(state, g)
        fixed = [i for i, place in enumerate(state.place) if place == 1]
        total = float(c + ceiling(state, self.book, y))
        total += sum(
            float(g[i] - p) for i, p in zip(fixed, prices(self.book, y, fixed), strict=True)
        )
        open_ = list(state.undecided)
        r = {i: float(g[i] - p) for i, p in zip(open_, prices(self.book, y, open_), strict=True)}
        total += sum(max(0.0, value) for value in r.values())
        limit = float(self.bound or 0.0) - 1e-7 * (1.0 + abs(float(self.bound or 0.0)))
        done = total <= limit
        taken = [] if done else [i for i in open_ if total - max(0.0, r[i]) <= limit]
        refused = [] if done else [i for i in open_ if total + min(0.0, r[i]) <= limit]
        refused = [i for i in refused if i not in taken]
        if not (done or taken or refused):
            return state, False
        node = {
            "point": point,
            "multipliers": {self.book[k].name: value for k, value in y.items()},
            "taken": taken,
            "refused": refused,
        }
        if scale != 1.0:
            node["scale"] = scale
        if shift is not None:
            node["shift"] = shift
        self.tree.append(node)
        if done:
            self.tree.append({"end": "bounded"})
            return state, True
        below = decided(state, self.book, taken, refused)
        self._grow(below, 0)
        return below, True

    def _leaf(self, state: State) -> None:
        """Close a node where everything is decided: its bound is its one selection's worth."""
        there = [i for i, place in enumerate(state.place) if place == 1]
        point = 0
        if "demands" in self.arrays:
            point = len(self.rows)
            base = self.arrays["served"]
            best_of = self.arrays["similarities"][there].max(axis=0, initial=0.0)
            levels = self.arrays["demands"] * np.maximum(0.0, best_of - base)
            self.blocks.append(block(list(range(len(base))), [levels]))
            self._read()
        ends = 1
        if self.signatures:
            t = math.fsum(self.arrays["weights"][there])
            self.tree.append({"total": t})
            ends = 2
        for _ in range(ends):
            self.tree.append({"point": point, "multipliers": {}, "taken": [], "refused": []})
            self.tree.append({"end": "bounded"})
