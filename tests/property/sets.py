"""Set objectives small enough for exhaustive search, and what they are worth, in plain loops."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from problems import constraints_for

from solver.model.problem import Floats, SetProblem
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem


def by_definition(problem: SetProblem, present: np.ndarray) -> float:
    """Return the objective of what is there, one term at a time."""
    match problem:
        case FacilityProblem():
            return sum(
                float(problem.demands[j])
                * max([problem.served[j], *(problem.similarities[i, j] for i in present)])
                for j in range(problem.similarities.shape[1])
            )
        case CoverageProblem():
            there = [
                float(problem.held[u]) + sum(float(problem.amounts[i, u]) for i in present)
                for u in range(problem.amounts.shape[1])
            ]
            return float(sum(q * t / (1 + t) for q, t in zip(problem.weights, there, strict=True)))
        case DesignProblem():
            rows = np.split(problem.factors, np.cumsum(problem.sizes)[:-1])
            information = np.array(problem.prior)
            for item in present:
                information += rows[item].T @ rows[item] / problem.ridge
            return float(np.log(np.linalg.eigvalsh(information)).sum())
        case KCenterProblem():
            near = [
                min([problem.reach[j], *(problem.distances[i, j] for i in present)])
                for j in range(problem.distances.shape[1])
            ]
            return -float(max(near, default=0.0))
        case SumProblem():
            terms = zip(problem.shares.tolist(), problem.terms, strict=True)
            return sum(share * by_definition(term, present) for share, term in terms)
        case _:
            raise NotImplementedError


def _costs(draw: st.DrawFn, rng: np.random.Generator, n: int) -> tuple[Floats, float]:
    """Draw costs with free items among them, whole or not, and a budget."""
    if draw(st.booleans()):
        costs = rng.integers(0, 12, n).astype(float)
    else:
        costs = rng.lognormal(0.0, 1.5, n) * (rng.random(n) > 0.1)
    return costs, float(costs.sum() * draw(st.floats(0.0, 1.1)))


def _matrix(draw: st.DrawFn, rng: np.random.Generator, n: int, m: int) -> Floats:
    """Draw numbers of at least 0, with ties, zeros, repeated rows, or many orders of magnitude."""
    match draw(st.sampled_from(["whole", "plain", "wild"])):
        case "whole":
            array = rng.integers(0, 5, (n, m)).astype(float)
        case "plain":
            array = rng.random((n, m)) * (rng.random((n, m)) < 0.7)
        case _:
            array = 10.0 ** rng.uniform(-6, 6, (n, m))
    if n > 1 and draw(st.booleans()):
        array[-1] = array[0]
    return array * draw(st.sampled_from([1.0, 1e-9, 1e9]))


@st.composite
def facility_problems(draw: st.DrawFn, max_items: int = 10) -> FacilityProblem:
    """Draw facility location, also without points."""
    n, m = draw(st.integers(1, max_items)), draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    costs, budget = _costs(draw, rng, n)
    similarities = _matrix(draw, rng, n, m)
    served = similarities.mean(axis=0) * (rng.random(m) < 0.5) * draw(st.booleans())
    return FacilityProblem(
        similarities=similarities,
        demands=rng.integers(0, 4, m).astype(float) if draw(st.booleans()) else np.zeros(0),
        served=served,
        costs=costs,
        budget=budget,
    )


@st.composite
def coverage_problems(draw: st.DrawFn, max_items: int = 9) -> CoverageProblem:
    """Draw coverage, also without contents."""
    n, m = draw(st.integers(1, max_items)), draw(st.integers(0, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    costs, budget = _costs(draw, rng, n)
    amounts = _matrix(draw, rng, n, m)
    return CoverageProblem(
        amounts=amounts,
        weights=rng.integers(0, 4, m).astype(float) if draw(st.booleans()) else np.zeros(0),
        held=amounts.mean(axis=0) * (rng.random(m) < 0.5) * draw(st.booleans()),
        costs=costs,
        budget=budget,
    )


@st.composite
def design_problems(draw: st.DrawFn, max_items: int = 8) -> DesignProblem:
    """Draw designs with several rows an item, repeated items and items without rows."""
    n, d = draw(st.integers(1, max_items)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    costs, budget = _costs(draw, rng, n)
    sizes = rng.integers(0, 4, n) if draw(st.booleans()) else np.ones(n, dtype=np.int64)
    factors = rng.normal(size=(int(sizes.sum()), d)) * draw(st.sampled_from([1.0, 1e-4, 30.0]))
    if len(factors) > 1 and draw(st.booleans()):
        factors[-1] = factors[0]
    return DesignProblem(
        factors=factors,
        sizes=sizes,
        ridge=draw(st.sampled_from([0.1, 1.0, 3.0])),
        costs=costs,
        budget=budget,
    )


@st.composite
def k_center_problems(draw: st.DrawFn, max_items: int = 10) -> KCenterProblem:
    """Draw centers, also without points, or with points that are near already."""
    n, m = draw(st.integers(1, max_items)), draw(st.integers(0, 10))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    costs, budget = _costs(draw, rng, n)
    distances = _matrix(draw, rng, n, m)
    reach = distances.max(initial=1.0) * rng.uniform(0.2, 1.5, m)
    return KCenterProblem(
        distances=distances,
        reach=reach if draw(st.booleans()) else np.zeros(0),
        costs=costs,
        budget=budget,
    )


@st.composite
def sum_problems(draw: st.DrawFn, max_items: int = 8) -> SumProblem:
    """Draw coverage beside a design of the same items; a term may come with another budget."""
    coverage = draw(coverage_problems(max_items))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    design = DesignProblem(
        factors=rng.normal(size=(coverage.n, draw(st.integers(1, 4)))),
        costs=coverage.costs,
        budget=coverage.budget * draw(st.sampled_from([0.5, 1.0, 2.0])),
    )
    return SumProblem(
        terms=(coverage, design),
        shares=rng.uniform(0.1, 3.0, 2),
        costs=coverage.costs,
        budget=coverage.budget,
    )


def set_problems(max_items: int = 10) -> st.SearchStrategy[SetProblem]:
    """Draw a problem of any kind."""
    return st.one_of(
        facility_problems(max_items),
        k_center_problems(max_items),
        coverage_problems(min(max_items, 9)),
        design_problems(min(max_items, 8)),
        sum_problems(min(max_items, 8)),
    )


@st.composite
def constrained_sets(draw: st.DrawFn, max_items: int = 9) -> SetProblem:
    """Draw a problem with rules of every kind, many of them in conflict."""
    plain = draw(set_problems(max_items))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return replace(plain, constraints=constraints_for(draw, rng, plain.n))
