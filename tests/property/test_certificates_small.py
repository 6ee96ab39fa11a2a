"""Small certificates of every objective are accepted by every checker, and true."""

import json
from functools import cache

import pytest
from checkers import CHECKERS
from claims import assert_true
from small_certificates import Json, Maker
from small_problems import OBJECTIVES, draw
from small_truth import Arrays


def _kinds(cert: Json) -> set[str]:
    """Return what occurs in a tree: kinds of nodes, and what they have."""
    found = set()
    for node in cert["proof"]["tree"]:
        found |= {name for name, value in node.items() if value not in ([], {}, None)}
        found |= {f"multipliers of {kind}" for kind in ("point", "end") if node.keys() >= {kind}
                  and node.get("multipliers")}  # fmt: skip
    return found


@cache
def _made(objective: str, seed: int, plain: bool) -> tuple[Arrays, bytes, Json]:  # noqa: FBT001
    """Return a problem and a certificate that is true."""
    arrays, budget, rules = draw(objective, seed)
    slack = None if seed % 3 else 0.05
    cert = Maker(arrays, budget, rules, seed=seed, slack=slack, plain=plain).make()
    content = json.dumps(cert).encode()
    assert_true(arrays, content)
    return arrays, content, cert


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("checker", CHECKERS)
def test_small_certificates_are_accepted_and_true(checker: str, objective: str) -> None:
    """Trees of one plane a leaf, and trees that use every kind of node."""
    kinds: set[str] = set()
    for seed in range(40):
        for plain in (True, False):
            arrays, content, cert = _made(objective, seed, plain)
            CHECKERS[checker](arrays, content)
            kinds |= _kinds(cert) | {cert["status"]}
    expected = {"item", "number", "end", "multipliers of end", "optimal", "feasible", "infeasible"}
    if objective != "k_center":
        expected |= {"multipliers of point", "taken", "refused"}
    if objective not in ("k_center", "pairs"):
        expected |= {"scale"}
    if objective == "signatures":
        expected |= {"total", "shift"}
    assert kinds >= expected
