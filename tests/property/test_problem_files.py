"""Problem files: what is written is what was asked, to the last bit, whoever reads it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from problems import constrained_problems
from sets import constrained_sets

from app.choosing.problem_files import problem_of, read_problem_file
from app.choosing.problem_writing import write_problem
from solver.certificate.question import constraints_document, inputs_of
from solver.check import read_problem
from solver.model.problem import AnyProblem, SignatureProblem
from solver.model.vectors import LARGE

IN_ONE_FOLDER: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
}

PROBLEMS: st.SearchStrategy[AnyProblem] = st.one_of(constrained_problems(9), constrained_sets(8))


def written(path: Path, problem: AnyProblem) -> Path:
    """Write a problem with groups and a resource that no rule is about."""
    groups = {"first": np.array([0])}
    with path.open("wb") as stream:
        write_problem(stream, problem, groups=groups, resources={"spare": np.ones(problem.n)})
    return path


def same(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> bool:
    """Tell whether arrays have the same names, in the same order, and the same bits."""
    return list(first) == list(second) and all(
        np.array_equal(first[name], second[name]) for name in first
    )


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(problem=PROBLEMS, prefix=st.sampled_from(["", "scene "]))
def test_a_file_asks_the_same_question_again(
    problem: AnyProblem, prefix: str, tmp_path: Path
) -> None:
    """Objective, arrays, ids, costs, budget and constraints come back as they were."""
    ids = tuple(f"{prefix}{k}" for k in range(problem.n)) if prefix else ()
    problem = replace(problem, ids=ids)
    file = read_problem_file(written(tmp_path / "problem.npz", problem))
    again = problem_of(file, file.budgets[0])
    assert type(again) is type(problem)
    assert (again.ids, again.budget) == (ids, problem.budget)
    assert np.array_equal(again.costs, problem.costs)
    assert same(inputs_of(again).arrays, inputs_of(problem).arrays)
    assert constraints_document(again) == constraints_document(problem)
    for before, after in zip(
        problem.constraints.resources, again.constraints.resources, strict=True
    ):
        assert np.array_equal(before.costs, after.costs)
    assert file.groups["first"].tolist() == [0]
    assert set(file.resources) >= {"spare"}


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(problem=PROBLEMS)
def test_the_checker_reads_the_same_problem(problem: AnyProblem, tmp_path: Path) -> None:
    """The checker, with a reader of its own, sees the same names and numbers."""
    inputs = read_problem(written(tmp_path / "problem.npz", problem))
    asked = inputs_of(problem)
    assert (inputs.named, inputs.budget) == (asked.named, asked.budget)
    assert inputs.constraints == json.loads(json.dumps(asked.constraints))
    assert set(inputs.arrays) == set(asked.arrays)
    assert asked.constraints is not None
    hashes = {one.digest(problem.budget, asked.constraints) for one in (inputs, asked)}
    assert len(hashes) == 1


@st.composite
def long_vectors(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw vectors about as long as 1, in float32 or float64, as networks give them."""
    n, d = draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 3, 16, 384, 1024]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    vectors = rng.normal(size=(n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors *= 1.0 + draw(st.sampled_from([0.0, 1e-16, 1e-13, 6e-13, 1e-9, 1e-7, 4e-5]))
    return vectors.astype(draw(st.sampled_from([np.float32, np.float64])))


def signatures(vectors: NDArray[Any]) -> SignatureProblem:
    """Return a problem with some vectors."""
    n = len(vectors)
    return SignatureProblem(weights=np.ones(n), vectors=vectors, costs=np.ones(n), budget=1.0)


@given(vectors=long_vectors())
def test_vectors_are_scaled_once(vectors: NDArray[Any]) -> None:
    """What came out of a problem goes into another one unchanged, and no vector is left longer."""
    once = signatures(vectors).vectors
    assert np.array_equal(signatures(once).vectors, once)
    assert (np.einsum("ij,ij->i", once, once) <= 1.0 + 1e-12).all()


@given(
    vectors=hnp.arrays(
        np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(-0.5, 0.5)
    )
)
def test_vectors_within_the_sphere_stay_as_they_are(vectors: NDArray[np.float64]) -> None:
    """Vectors that are not too long are not touched."""
    assert np.array_equal(signatures(vectors).vectors, vectors)


@pytest.mark.parametrize("longer", [1.0, 1.0 + 2e-7, 1.0 + 2e-6, 1.0 + 4e-5])
def test_large_vectors_are_scaled_once(longer: float) -> None:
    """So it is with the float32 vectors of a large pool, which keep their kind."""
    d = 64
    vectors = np.random.default_rng(0).normal(size=(LARGE // d, d)).astype(np.float32)
    vectors *= np.float32(longer) / np.linalg.norm(vectors, axis=1, keepdims=True)
    once = signatures(vectors).vectors
    again = signatures(once).vectors
    assert once.dtype == again.dtype == np.float32
    assert np.array_equal(once, again)
