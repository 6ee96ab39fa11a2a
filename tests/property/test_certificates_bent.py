"""Whatever a checker accepts of a bent certificate is still true."""

import copy
import json
import random
from functools import cache

import pytest
from bases import NAMES, Base, base
from bent_values import at, bent, paths, replaced, some_path
from checkers import CHECKERS
from claims import assert_true
from hypothesis import given, settings
from hypothesis import strategies as st
from real_certificates import certified, problem_of
from second_checker import Refused
from small_certificates import Json, Maker, fingerprint
from small_problems import OBJECTIVES, draw
from small_truth import selections, worth

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@cache
def _made(objective: str, seed: int) -> Base:
    arrays, budget, rules = draw(objective, seed)
    if seed % 2:
        return Base(arrays, certified(problem_of(arrays, budget, rules)).cert)
    slack = None if seed % 3 else 0.05
    return Base(arrays, Maker(arrays, budget, rules, seed=seed, slack=slack).make())


def _renamed(made: Base, cert: Json) -> Json:
    """Return the certificate with the hash of its own rules, if they can be hashed."""
    try:
        name = fingerprint(made.arrays, cert["budget"], cert["constraints"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return cert
    return {**cert, "problem": name}


def _try(made: Base, cert: Json) -> int:
    """Return how many checkers accept; fail if one accepts what is not true."""
    content, accepted = json.dumps(cert).encode(), 0
    for check in CHECKERS.values():
        try:
            check(made.arrays, content)
        except Refused:
            continue
        accepted += 1
        assert_true(made.arrays, content)
    return accepted


@cache
def _real(objective: str) -> Base:
    """Return the certificate that the solver makes with the most kinds of nodes and fields."""
    found = [_made(objective, seed) for seed in range(1, 121, 2)]

    def kinds(made: Base) -> tuple[int, int]:
        named = {key for node in made.tree for key, value in node.items() if value not in ([], {})}
        return len(named), len(made.tree)

    return max(found, key=kinds)


@pytest.mark.parametrize("name", [*NAMES, *(f"solver {name}" for name in OBJECTIVES)])
def test_every_field_bent_by_itself_is_refused_or_still_true(name: str) -> None:
    """Each field and each kind of node, in each way that a value of its type can be bent."""
    made = base(name) if name in NAMES else _real(name.removeprefix("solver "))
    seen: set[tuple[object, ...]] = set()
    tried = 0
    for path in paths(made.cert):
        kind = tuple("#" if isinstance(step, int) else step for step in path)
        value = at(made.cert, path)
        shape = (kind, tuple(value) if isinstance(value, dict) else type(value))
        if shape in seen:
            continue
        seen.add(shape)
        for new in bent(value):
            cert = replaced(made.cert, path, new)
            if path[:1] in {("budget",), ("constraints",)}:
                cert = _renamed(made, cert)
            _try(made, cert)
            tried += 1
    assert tried > 300


def _restated(made: Base, cert: Json, chance: random.Random) -> Json:
    """State another selection truthfully, with a bound that may be a lie."""
    rules = made.rules
    found = list(selections(made.arrays, made.cert["budget"], rules))
    if not found:
        return cert
    chosen = list(chance.choice(found))
    value = worth(made.arrays, [*chosen, *rules["labelled"]])
    bound = max(value, chance.choice([value, cert["upper_bound"], value + 0.01]))
    return {
        **cert,
        "status": "optimal" if bound == value else "feasible",
        "selected": chosen,
        "objective": value,
        "upper_bound": bound,
        "total_cost": float(sum(made.arrays["costs"][chosen].tolist())),
    }


@settings(max_examples=3000, deadline=None)
@given(st.sampled_from(OBJECTIVES), st.integers(0, 150), st.integers(0, 2**48))
def test_what_is_accepted_of_bent_certificates_is_true(
    objective: str, seed: int, bends: int
) -> None:
    """Random bends of random certificates, the solver's and others, one to three at once.

    Hashes are written anew or not.
    """
    made, chance = _made(objective, seed), random.Random(bends)  # noqa: S311
    cert = copy.deepcopy(made.cert)
    if made.cert["status"] != "infeasible" and chance.random() < 0.4:
        cert = _restated(made, cert, chance)
    for _ in range(chance.randint(0, 3)):
        path = some_path(cert, chance)
        cert = replaced(cert, path, chance.choice(bent(at(cert, path))))
    if isinstance(cert, dict) and chance.random() < 0.8:
        cert = _renamed(made, cert)
    _try(made, cert)
