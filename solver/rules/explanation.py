"""Why there is no selection: a set of rules that conflict, and none of which could be left out.

A deletion filter: leave out one rule after the other, and keep out each without which there still
is no selection. What remains conflicts, and without any one of it there is a selection.

References
----------
Chinneck, Dravnieks: Locating minimal infeasible constraint sets in linear programs (1991).
"""

import math
from dataclasses import replace

import numpy as np

from solver.model.constraints import Constraints, Ints
from solver.model.problem import AnyProblem, Budgeted, Problem, SignatureProblem
from solver.model.result import Explanation
from solver.rules.feasibility import Verdict, is_possible

# Items that a sentence names before it says how many more there are.
_NAMED = 5


def _bare(problem: Budgeted) -> Problem:
    """Return the same rules on items that are worth nothing: cheap to reduce."""
    n, rules = problem.n, problem.constraints
    # An item that is there already need not be included (`Constraints`); said once, here.
    include = np.setdiff1d(rules.include, rules.labelled)
    return SignatureProblem(
        weights=np.zeros(n),
        vectors=np.zeros((n, 1)),
        costs=problem.costs,
        budget=problem.budget,
        constraints=replace(rules, include=include),
    )


def _limits(problem: Problem, **changes: object) -> Problem:
    rules = replace(problem.constraints, **changes)  # type: ignore[arg-type]  # fields by name
    return replace(problem, constraints=rules)


def _without_group(problem: Problem, name: str, bound: str) -> Problem:
    groups = list(problem.constraints.groups)
    place = next(k for k, group in enumerate(groups) if group.name == name)
    minimum = bound == "minimum"
    groups[place] = (
        replace(groups[place], minimum=0) if minimum else replace(groups[place], maximum=None)
    )
    return _limits(problem, groups=tuple(groups))


def _without_resource(problem: Problem, name: str) -> Problem:
    kept = tuple(r for r in problem.constraints.resources if r.name != name)
    return _limits(problem, resources=kept)


def without(problem: Problem, rule: str) -> Problem:
    """Return the problem without one of its rules, by the name that `Explanation.rules` uses."""
    none = np.zeros(0, dtype=np.int64)
    kind, _, rest = rule.partition(" ")
    fewer: Problem
    match kind:
        case "budget":
            fewer = replace(problem, budget=math.fsum(problem.costs))
        case "labelled":
            # What was there need not be bought instead.
            include = np.setdiff1d(problem.constraints.include, problem.constraints.labelled)
            fewer = _limits(problem, labelled=none, include=include)
        case "include" | "exclude":
            fewer = _limits(problem, **{kind: none})
        case "min_items":
            fewer = _limits(problem, min_items=0)
        case "max_items":
            fewer = _limits(problem, max_items=None)
        case "resource":
            fewer = _without_resource(problem, rest)
        case _:
            name, _, bound = rest.rpartition(" ")
            fewer = _without_group(problem, name, bound)
    return fewer


def rule_names(problem: Budgeted) -> tuple[str, ...]:
    """Return the names of a problem's rules; the ones that people change last come first."""
    rules = problem.constraints
    names = [f"resource {r.name}" for r in rules.resources]
    for group in rules.groups:
        names += [f"group {group.name} maximum"] if group.maximum is not None else []
        names += [f"group {group.name} minimum"] if group.minimum else []
    names += ["max_items"] if rules.max_items is not None else []
    names += ["min_items"] if rules.min_items else []
    names += [name for name in ("labelled", "exclude", "include") if getattr(rules, name).size]
    return (*names, "budget")


def _names(problem: Budgeted, items: Ints) -> str:
    shown = [problem.ids[k] if problem.ids else str(k) for k in items[:_NAMED]]
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(shown) + more


def _involved(problem: Budgeted, rules: tuple[str, ...]) -> Ints:
    """Return the items that the rules name, sorted."""
    asked: Constraints = problem.constraints
    groups = [
        g.items for g in asked.groups if any(r.startswith(f"group {g.name} m") for r in rules)
    ]
    lists = [getattr(asked, name) for name in ("include", "exclude", "labelled") if name in rules]
    return np.unique(np.concatenate([*groups, *lists, np.zeros(0, dtype=np.int64)])).astype(
        np.int64
    )


def _phrase(problem: Budgeted, rule: str, rules: tuple[str, ...]) -> str:
    asked = problem.constraints
    kind, _, rest = rule.partition(" ")
    match kind:
        case "budget":
            text = f"the budget is {problem.budget:.12g}"
        case "include":
            paid = math.fsum(problem.costs[asked.include])
            cost = f"include costs {paid:.12g}" if "budget" in rules else "include has"
            text = f"{cost} ({_names(problem, asked.include)})"
        case "exclude" | "labelled":
            text = f"{kind} takes out {_names(problem, getattr(asked, kind))}"
        case "min_items":
            text = f"at least {asked.min_items} of {problem.n} items must be chosen"
        case "max_items":
            text = f"at most {asked.max_items} items may be chosen"
        case "resource":
            resource = next(r for r in asked.resources if r.name == rest)
            text = f"resource {rest!r} is limited to {resource.limit:.12g}"
        case _:
            name, _, bound = rest.rpartition(" ")
            group = next(g for g in asked.groups if g.name == name)
            some = f"at least {group.minimum} of its {len(group.items)} items"
            text = f"group {name!r} "
            text += f"needs {some}" if bound == "minimum" else f"may have at most {group.maximum}"
    return text


def explain(problem: AnyProblem, time_limit_s: float = 2.0) -> Explanation:
    """Return why no selection keeps every rule.

    Parameters
    ----------
    problem
        As it was asked; proven to have no selection (`solver.rules.feasibility.is_possible`).
    time_limit_s
        Seconds for each question of the filter that only an integer programme can answer.

    Returns
    -------
    Explanation
        Its rules conflict. They are minimal unless a question stayed unanswered.
    """
    left, kept, minimal = _bare(problem), [], True
    for rule in rule_names(problem):
        fewer = without(left, rule)
        verdict = is_possible(fewer, time_limit_s)
        if verdict is Verdict.NO:
            left = fewer
        else:
            kept.append(rule)
            minimal = minimal and verdict is Verdict.YES
    rules = tuple(reversed(kept))
    stated = [_phrase(problem, rule, rules) for rule in rules]
    # The rule that asks for something comes before the one that refuses it.
    stated = [*stated[1:], stated[0]] if rules[0] == "budget" else stated
    sentence = "No selection keeps all of this: " + "; ".join(stated) + "."
    return Explanation(
        sentence=sentence, rules=rules, items=_involved(problem, rules), minimal=minimal
    )
