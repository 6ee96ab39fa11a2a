"""Branch and bound on a core of signatures: what is done with a node, in compiled loops.

A node is a range of t and a set of decisions, bounded as `solver.signatures.node_bound` says. It is
split in t while the secant of t^2 is what blurs its bound, then in its number of items, and on an
item otherwise.
"""

import numpy as np
import numpy.typing as npt

from solver.model.kernel import kernel
from solver.model.problem import Mask
from solver.rules.arrays import FREE, IN, OUT, RuleArrays, States, keeps, propagate, tally
from solver.search.moves import company, fill, worth
from solver.signatures.node_bound import Concave, bound_node
from solver.signatures.node_pool import (
    BOUND,
    CLOSED,
    EMPTY,
    ITEM,
    NUMBER,
    TOTAL,
    NodeLog,
    NodePool,
    free_slot,
    has_room,
    note,
    pop,
    push,
    release,
)

# A node is split in t where the secant's error is this share of what separates it from the target.
_SECANT = 0.3
# Where vectors are nearly the same, no range of t is narrow enough: a range below this share of the
# heaviest item is not split, nor one with so few undecided items that there are no more selections.
_NARROW, _FEW = 0.25, 6
# A number of items this far from a whole one is branched on.
_WHOLE = 0.02
# A node is bounded again where this share of its items was decided, so many times at most.
_FIXED_SHARE, _ROUNDS = 0.08, 3
# Entries of a log for a node.
ENTRIES = _ROUNDS + 4


@kernel
def round_point(
    core: Concave, rules: RuleArrays, state: States, point: npt.NDArray[np.float32]
) -> tuple[Mask, float]:
    """Return the selection nearest to a node's point, filled up, and its objective.

    The objective is -inf where the selection does not keep the rules.
    """
    k = len(state)
    chosen = np.zeros(k, np.bool_)
    spent = 0.0
    for j in range(k):
        if state[j] == IN:
            chosen[j] = True
            spent += rules.costs[0, j]
    for j in range(k):
        near = state[j] == FREE and point[j] > 0.5  # noqa: PLR2004 - to the nearer
        if near and spent + rules.costs[0, j] <= rules.limits[0]:
            chosen[j] = True
            spent += rules.costs[0, j]
    used = tally(chosen, rules)
    gain = company(core.utilities, core.profits, chosen)
    fill(core.utilities, chosen, gain, used, rules)
    if not keeps(tally(chosen, rules), rules):
        return chosen, -np.inf
    return chosen, core.base + worth(core.utilities, core.profits, chosen)


@kernel
def explore(
    core: Concave,
    rules: RuleArrays,
    pool: NodePool,
    log: NodeLog,
    chosen: Mask,
    best: float,
    absolute: float,
    relative: float,
    nodes: int,
) -> float:
    """Look at up to `nodes` open nodes, best bound first.

    Parameters
    ----------
    core, rules
        The problem.
    pool
        The open nodes; changed. The search ends early when it is empty or full.
    log
        Receives what is proven of each node: up to `ENTRIES` entries.
    chosen
        The incumbent, shape (k,); replaced where a better one is found.
    best
        The incumbent's objective, -inf without one.
    absolute, relative
        A bound at most ``best + absolute + relative |best|`` is of no interest.
    nodes
        How many nodes to look at.

    Returns
    -------
    float
        The incumbent's objective now.
    """
    for _ in range(nodes):
        if pool.sizes[0] == 0 or not has_room(pool):
            break
        target = best + absolute + relative * abs(best) if best > -np.inf else -np.inf
        slot = pop(pool)
        if pool.bound[slot] <= target:
            release(pool, slot)
            continue
        pool.sizes[2] += 1
        bound = _bounded(core, rules, pool, log, slot, target)
        if bound <= target:
            release(pool, slot)
            continue
        candidate, value = round_point(core, rules, pool.state[slot], pool.point[slot])
        if value > best:
            best = value
            chosen[:] = candidate
            target = best + absolute + relative * abs(best)
            if bound <= target:
                release(pool, slot)
                continue
        _branch(core, pool, rules, log, slot, bound, target)
    return best


@kernel
def _bounded(
    core: Concave, rules: RuleArrays, pool: NodePool, log: NodeLog, slot: int, target: float
) -> float:
    """Bound a node, and again where that decided much; -inf where the rules leave nothing."""
    state, point = pool.state[slot], pool.point[slot]
    multipliers, touched = np.zeros(2), np.zeros(len(state))
    multipliers[1] = pool.count_multiplier[slot]
    bound = pool.bound[slot]
    for _ in range(_ROUNDS):
        free = 0
        possible = propagate(state, rules)
        for j in range(len(state)):
            if state[j] == FREE:
                free += 1
        before = state.copy()
        found, fixed = -np.inf, 0
        if possible:
            found, fixed = bound_node(
                core,
                rules.costs[0],
                rules.limits[0],
                state,
                point,
                pool.low[slot],
                pool.high[slot],
                pool.least[slot],
                pool.most[slot],
                multipliers,
                target,
                touched,
            )
        if found == -np.inf:
            note(log, EMPTY, pool.proof[slot], 0.0, 0)
            return -np.inf
        place = note(log, CLOSED if found <= target else BOUND, pool.proof[slot], 0.0, 1)
        if place >= 0:
            pool.proof[slot] = log.children[place, 0]
            log.price[place], log.count_multiplier[place] = multipliers[0], multipliers[1]
            log.point[place] = touched
            for j in range(len(state)):
                log.decided[place, j] = state[j] if before[j] == FREE else FREE
        bound = min(bound, found)
        if bound <= target or fixed < max(1.0, _FIXED_SHARE * free):
            break
    pool.count_multiplier[slot] = multipliers[1]
    if bound > target and not propagate(state, rules):
        note(log, EMPTY, pool.proof[slot], 0.0, 0)
        return -np.inf
    return float(bound)


@kernel
def _branch(
    core: Concave,
    pool: NodePool,
    rules: RuleArrays,
    log: NodeLog,
    slot: int,
    bound: float,
    target: float,
) -> None:
    """Split a node in t, in its number of items, or on its most contested item.

    A node without undecided items is dropped.
    """
    state, point = pool.state[slot], pool.point[slot]
    low, high = pool.low[slot], pool.high[slot]
    item, score = -1, -1.0
    number, heaviest, free = 0.0, 0.0, 0
    for j in range(len(state)):
        if state[j] == IN:
            number += 1.0
        elif state[j] == FREE:
            free += 1
            number += point[j]
            contested = min(point[j], 1.0 - point[j]) * np.sqrt(rules.costs[0, j])
            if contested > score:
                item, score = j, contested
            heaviest = max(heaviest, core.weights[j])
    if item < 0:
        # The rounded point was this node's only selection: at its t the secant is exact.
        total = 0.0
        for j in range(len(state)):
            if state[j] == IN:
                total += core.weights[j]
        place = note(log, TOTAL, pool.proof[slot], min(max(total, low), high), 2)
        if place >= 0:
            for child in range(2):
                note(log, CLOSED, log.children[place, child], 0.0, 1)
        release(pool, slot)
        return
    error = 0.125 * (high - low) ** 2
    distance = bound - target if target > -np.inf else abs(bound)
    other = free_slot(pool)
    pool.state[other] = state
    pool.point[other] = point
    pool.low[other], pool.high[other] = low, high
    pool.least[other], pool.most[other] = pool.least[slot], pool.most[slot]
    pool.count_multiplier[other] = pool.count_multiplier[slot]
    whole = int(np.floor(number))
    first, second = slot, other
    wide = high - low > _NARROW * heaviest and free > _FEW
    blurred = error > _SECANT * distance or (score <= 0.0 and error > 1e-3 * distance)
    if blurred and wide:
        middle = 0.5 * (low + high)
        pool.high[slot] = pool.low[other] = middle
        place = note(log, TOTAL, pool.proof[slot], middle, 2)
    elif _WHOLE < number - whole < 1.0 - _WHOLE and pool.least[slot] <= whole < pool.most[slot]:
        pool.most[slot] = whole
        pool.least[other] = whole + 1
        place = note(log, NUMBER, pool.proof[slot], whole, 2)
    else:
        state[item] = IN
        pool.state[other, item] = OUT
        first, second = other, slot
        place = note(log, ITEM, pool.proof[slot], item, 2)
    if place >= 0:
        pool.proof[first], pool.proof[second] = log.children[place, 0], log.children[place, 1]
    pool.bound[slot] = pool.bound[other] = bound
    push(pool, slot)
    push(pool, other)
