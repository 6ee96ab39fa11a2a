"""The question of every door, and the name that its answer is kept under."""

from dataclasses import replace

import numpy as np
import pytest

from app.choosing.question import Question
from features.signatures.model import Signatures
from features.signatures.parts import Parts
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.options import SolverOptions

N = 6


def question() -> Question:
    """Return a question whose digest is known."""
    rng = np.random.default_rng(1)
    costs, weights = rng.uniform(1, 2, N), rng.uniform(size=N)
    ids = tuple(f"s{k}" for k in range(N))
    return Question(
        signatures=Signatures(ids, weights, rng.normal(size=(N, 3)), np.full(N, 2)),
        costs=costs,
        budget=4.5,
        objective="coverage",
        options=SolverOptions(strategy="greedy", time_limit_s=3.0, gap=0.01, random_seed=7),
    )


def with_parts(asked: Question) -> Question:
    """Return the same question about scenes of which parts are known."""
    words = np.arange(N, dtype=np.int32).reshape(-1, 1) % 3
    parts = Parts(np.arange(N + 1), np.ones(N, dtype=np.float32), words, np.array([3]))
    return replace(asked, signatures=replace(asked.signatures, parts=parts))


def test_a_stored_answer_is_found_again_by_later_versions() -> None:
    """A question without further rules has one digest for as long as the algorithm is the same."""
    assert question().digest() == (
        "8610894c4f593d54c30c22c4c6b3f583299d9071837fb35875d06ee8400373d6"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"budget": 4.6},
        {"objective": "spread"},
        {"costs": np.full(N, 1.5)},
        {"baselines": ("random",)},
        {"options": SolverOptions(strategy="greedy", time_limit_s=3.0, gap=0.01, random_seed=8)},
        {"constraints": Constraints(exclude=np.array([1]))},
        {"constraints": Constraints(max_items=2)},
        {"constraints": Constraints(groups=(GroupRule(name="g", items=np.array([1])),))},
        {"constraints": Constraints(resources=(Resource(name="h", costs=np.ones(N), limit=2),))},
    ],
)
def test_another_question_has_another_digest(change: dict[str, object]) -> None:
    """Whatever the answer depends on is part of its name."""
    asked = question()
    assert replace(asked, **change).digest() != asked.digest()  # type: ignore[arg-type]  # any member


def test_costs_of_side_budgets_are_part_of_the_question() -> None:
    """Two resources of one name and limit, with other costs, are two questions."""
    asked = question()
    first, second = (
        replace(asked, constraints=Constraints(resources=(resource,)))
        for resource in (
            Resource(name="h", costs=np.ones(N), limit=2.0),
            Resource(name="h", costs=np.full(N, 2.0), limit=2.0),
        )
    )
    assert first.digest() != second.digest()


@pytest.mark.parametrize("field", ["offsets", "masses", "words", "sizes"])
def test_another_part_is_another_question(field: str) -> None:
    """A stored answer is found for the same parts only."""
    asked = with_parts(question())
    parts = asked.signatures.parts
    assert parts is not None
    words = parts.words.copy()
    words[0, -1] = 2
    offsets = parts.offsets.copy()
    offsets[1] += 1
    changed = {
        "offsets": offsets,
        "masses": parts.masses * 2,
        "words": words,
        "sizes": parts.sizes + 1,
    }

    def digest(parts: Parts | None) -> str:
        return replace(asked, signatures=replace(asked.signatures, parts=parts)).digest()

    assert digest(replace(parts, **{field: changed[field]})) != asked.digest()
    assert digest(None) != asked.digest()
    assert digest(replace(parts)) == asked.digest()
