"""Certificates of large pools, without time, and where rounding leaves less than was hoped for."""

import json
from importlib import import_module

import numpy as np
import pytest

from solver.certificate import certify
from solver.certificate.question import inputs_of
from solver.check import CertificateError, Proven, check
from solver.model.constraints import Constraints
from solver.model.errors import VerificationError
from solver.model.options import SolverOptions
from solver.model.problem import SignatureProblem
from solver.model.result import StopReason
from solver.search.core import CORE_ITEMS
from solver.sets.k_center import KCenterProblem
from solver.solve import solve


def scenes(n: int, seed: int = 0, **more: object) -> SignatureProblem:
    """Return scenes of a few kinds."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(5, 16))[rng.integers(0, 5, n)] + rng.normal(size=(n, 16))
    vectors *= rng.uniform(0.5, 1.0, (n, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True)
    costs = rng.uniform(1, 5, n)
    return SignatureProblem(
        weights=rng.uniform(0.5, 1.5, n),
        vectors=vectors.astype(np.float32),
        costs=costs,
        budget=float(0.03 * costs.sum()),
        **more,  # type: ignore[arg-type]
    )


def proven(problem: SignatureProblem, certificate: dict[str, object]) -> Proven:
    """Check a certificate as it comes out of a file."""
    return check(inputs_of(problem), json.loads(json.dumps(certificate)))


@pytest.mark.parametrize(
    "rules", [Constraints(), Constraints(include=np.array([3, 1400]), labelled=np.array([7, 8]))]
)
def test_a_large_pool_is_certified_to_the_bound_of_its_answer(rules: Constraints) -> None:
    """Beyond the largest core there is no tree of items: ranges of t, each with a direction."""
    problem = scenes(1_500, constraints=rules)
    assert problem.n > CORE_ITEMS
    result = solve(problem, SolverOptions(time_limit_s=5, random_seed=0))
    found = proven(problem, certify(problem, result))
    assert found.objective == pytest.approx(result.objective, rel=1e-12)
    assert found.upper_bound is not None
    assert found.bounds > 1
    assert result.objective <= found.upper_bound <= result.upper_bound * (1 + 1e-4)


def test_without_time_a_bound_is_certified_all_the_same() -> None:
    """What the search has shown by then is a proof of a larger bound."""
    for n in (60, 1_500):
        problem = scenes(n)
        result = solve(problem, SolverOptions(time_limit_s=5, random_seed=0))
        found = proven(problem, certify(problem, result, stop=lambda _, __: StopReason.CANCELLED))
        assert found.status == "feasible"
        assert found.upper_bound is not None
        assert found.upper_bound > result.objective


@pytest.mark.parametrize("refused", [1, 2, 4])
def test_a_proof_that_is_refused_gives_way_to_a_shorter_one(
    refused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the checker says no to, what is handed out has been accepted."""
    problem, said = scenes(40), []
    result = solve(problem, SolverOptions(time_limit_s=20, random_seed=0))

    def strict(inputs: object, certificate: dict[str, object]) -> Proven:
        said.append(certificate)
        if len(said) <= refused:
            message = "Refused."
            raise CertificateError(message)
        return check(inputs, certificate)  # type: ignore[arg-type]

    monkeypatch.setattr(import_module("solver.certificate.certify"), "check", strict)
    found = proven(problem, certify(problem, result))
    assert len(said) > refused
    assert found.upper_bound is not None
    assert found.upper_bound >= result.objective
    assert found.nodes == 2 or refused < 4


def test_a_problem_that_certificates_do_not_know_is_refused_in_words() -> None:
    """Centers without points have no bound to speak of."""
    problem = KCenterProblem(distances=np.zeros((2, 0)), costs=np.ones(2), budget=1.0)
    result = solve(problem, SolverOptions(time_limit_s=5))
    with pytest.raises(VerificationError, match="any point"):
        certify(problem, result)
