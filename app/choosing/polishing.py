"""Make a certified seed better for a first model, and give up little of what was proven of it.

Objectives that have bounds say how varied a seed is; pseudo-tasks (`features.pseudo_tasks`) say how
much a first model of it gets right. The seeds near an objective's best are many, and differ by what
the tasks say. So a seed is changed scene by scene, as long as the tasks like it better, it keeps
every rule, and its objective does not fall below a floor. The bound was proven for any seed, so it
holds for this one as well.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from solver.model.problem import Mask
from solver.model.stop import Stop
from solver.rules.book import SelectionRules

KEPT: Final = 0.95
"""Share of the best objective found that a polished seed keeps."""

TRIES: Final = 300
"""Seeds that are scored at most."""

_SECOND: Final = 0.15
"""Chance that two scenes go out at once."""

_REFUSED: Final = 20
"""Changes that the floor may refuse for every seed that is scored."""


def floor_of(objective: float, kept: float = KEPT) -> float:
    """Return what a polished seed is worth at least, of any sign: a share of the whole is lost."""
    return objective - (1.0 - kept) * abs(objective)


def polish(
    chosen: Mask,
    rules: SelectionRules,
    *,
    score: Callable[[Mask], float],
    worth: Callable[[Mask], float],
    floor: float,
    rng: np.random.Generator,
    stop: Stop,
    tries: int = TRIES,
) -> Mask:
    """Return the best-scored seed that a walk of exchanges has found, at first the one given.

    An exchange takes out one scene or two, takes in one that the rules allow in their place, and
    fills up at random what is left of the budget. It is kept where the score rises.

    Parameters
    ----------
    chosen
        The seed to start from, shape (n,), among the free scenes of a reduced problem.
    rules
        Of that problem.
    score
        What is to rise.
    worth
        The objective.
    floor
        What the objective must be at least.
    rng
        The only source of randomness.
    stop
        When it is enough, asked before each try.
    tries
        See :data:`TRIES`.

    Returns
    -------
    Mask
        Shape (n,); it keeps every rule, and its worth is at least `floor` unless it is `chosen`.
    """
    best, best_score, scored = chosen, score(chosen), 0
    for _ in range(_REFUSED * tries):
        if scored >= tries or stop(best_score, np.inf) is not None:
            break
        found = _exchanged(best, rules, rng)
        if found is None or worth(found) < floor:
            continue
        scored += 1
        if (reached := score(found)) > best_score:
            best, best_score = found, reached
    return best


def _exchanged(chosen: Mask, rules: SelectionRules, rng: np.random.Generator) -> Mask | None:
    """Return a seed with another scene in place of one or two; None where there is no such one."""
    there = np.flatnonzero(chosen)
    if not there.size:
        return None
    out = int(rng.choice(there))
    instead = np.flatnonzero(rules.may_replace(chosen, [out]))
    if not instead.size:
        return None
    found = chosen.copy()
    found[out] = False
    found[rng.choice(instead)] = True
    if rng.random() < _SECOND and (spare := np.flatnonzero(rules.may_drop(found) & chosen)).size:
        found[rng.choice(spare)] = False
    while (fits := np.flatnonzero(rules.may_add(found))).size:
        found[rng.choice(fits)] = True
    return None if np.array_equal(found, chosen) else found
