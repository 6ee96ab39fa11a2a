"""Change a seed scene by scene, as long as a score of it rises and it keeps every rule.

Objectives that have bounds say how varied a seed is, and other scores say how much a first model of
it gets right (`features.pseudo_tasks`). A score has no bound; but that of an objective was proven
for any seed, so it holds for the one that is found here as well, and says what was given up.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from solver.model.problem import Mask
from solver.model.stop import Stop
from solver.rules.book import SelectionRules

TRIES: Final = 300
"""Seeds that are scored at most."""

_SECOND: Final = 0.15
"""Chance that two scenes go out at once."""

_IN_VAIN: Final = 20
"""Exchanges that the rules may refuse for every seed that is scored."""


def polish(
    chosen: Mask,
    rules: SelectionRules,
    *,
    score: Callable[[Mask], float],
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
    rng
        The only source of randomness.
    stop
        When it is enough, asked before each try.
    tries
        See :data:`TRIES`.

    Returns
    -------
    Mask
        Shape (n,); it keeps every rule.
    """
    best, best_score, scored = chosen, score(chosen), 0
    for _ in range(_IN_VAIN * tries):
        if scored >= tries or stop(best_score, np.inf) is not None:
            break
        found = _exchanged(best, rules, rng)
        if found is None:
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
