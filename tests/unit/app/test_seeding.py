from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.errors import BudgetError, InvalidRequestError
from app.services.seed_cache import recall, remember
from app.services.seeding import SeedQuestion, make_seed
from solver.objective import value


def question(n: int = 12, budget: float = 30.0, seed: int = 0) -> SeedQuestion:
    """Return a question about random scenes."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 5))
    vectors /= 1.2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    return SeedQuestion(
        scene_ids=tuple(f"Area_1/room_{k}" for k in range(n)),
        costs=rng.integers(5, 20, n).astype(float),
        weights=rng.uniform(0.1, 1.0, n),
        vectors=vectors,
        budget=budget,
    )


def test_a_seed_is_ranked_and_keeps_its_budget() -> None:
    """Ranks run from 1 without gaps, and the chosen scenes cost no more than the budget."""
    answer = make_seed(question())
    assert [scene.rank for scene in answer.scenes] == list(range(1, len(answer.scenes) + 1))
    assert sum(scene.cost for scene in answer.scenes) == answer.result.total_cost <= 30.0


def test_gain_is_what_the_objective_loses_without_the_scene() -> None:
    """Taking a scene out of the seed costs exactly its gain."""
    asked = question()
    answer = make_seed(asked)
    problem = asked.problem()
    for scene in answer.scenes:
        without = np.zeros(problem.n, dtype=bool)
        without[answer.result.selected] = True
        without[asked.scene_ids.index(scene.scene_id)] = False
        assert scene.gain == pytest.approx(answer.result.objective - value(problem, without))


def test_every_scene_outside_is_represented_by_one_inside() -> None:
    """The chosen scenes share out all the others."""
    answer = make_seed(question(n=30))
    assert sum(scene.represents for scene in answer.scenes) == 30 - len(answer.scenes)


def test_pairwise_ignores_the_weights() -> None:
    """Under the objective `pairwise` all scenes weigh the same."""
    asked = replace(question(), objective="pairwise")
    assert (asked.problem().weights == 1.0).all()


def test_a_budget_below_the_cheapest_scene_names_both_numbers() -> None:
    """A budget that buys nothing is refused with what the cheapest scene costs."""
    asked = question(budget=2.0)
    with pytest.raises(BudgetError, match=r"The budget of 2 is below the cheapest scene \('Area_1"):
        make_seed(asked)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"objective": "prettiest"}, "no objective 'prettiest'"),
        ({"strategy": "magic"}, "no strategy 'magic'"),
        ({"time_limit_s": -1.0}, "at least 0 seconds"),
        ({"gap": float("nan")}, "A gap is at least 0"),
        ({"budget": float("nan")}, "The budget must be a finite number"),
    ],
)
def test_bad_questions_are_refused_in_one_sentence(
    change: dict[str, object], sentence: str
) -> None:
    """Every bad part of a question is named."""
    with pytest.raises(InvalidRequestError, match=sentence):
        make_seed(replace(question(), **change))  # type: ignore[arg-type]  # wrong on purpose


def test_no_scene_no_seed() -> None:
    """A pool without features cannot be asked."""
    empty = SeedQuestion(
        scene_ids=(),
        costs=np.zeros(0),
        weights=np.zeros(0),
        vectors=np.zeros((0, 3)),
        budget=1.0,
    )
    with pytest.raises(InvalidRequestError, match="nothing to choose from"):
        make_seed(empty)


def test_an_answer_is_remembered_for_its_question_alone(tmp_path: Path) -> None:
    """What was stored comes back for the same question, and for no other."""
    asked = question()
    assert recall(tmp_path, asked) is None
    answer = make_seed(asked)
    remember(tmp_path, asked, answer)
    again = recall(tmp_path, asked)
    assert again is not None
    assert again.scenes == answer.scenes
    assert again.result.objective == answer.result.objective
    assert recall(tmp_path, replace(asked, budget=31.0)) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"result": {}, "scenes": []}'])
def test_a_damaged_answer_counts_as_none(tmp_path: Path, damage: bytes) -> None:
    """A stored answer that was cut short or changed is worked out again."""
    asked = question()
    remember(tmp_path, asked, make_seed(asked))
    (stored,) = tmp_path.rglob("*.json")
    stored.write_bytes(damage)
    assert recall(tmp_path, asked) is None


def test_a_tampered_answer_counts_as_none(tmp_path: Path) -> None:
    """A stored answer whose numbers no longer hold is not believed."""
    asked = question()
    answer = make_seed(asked)
    remember(tmp_path, asked, answer)
    (stored,) = tmp_path.rglob("*.json")
    text = stored.read_text()
    stored.write_text(text.replace(f'"objective": {answer.result.objective}', '"objective": 9e9'))
    assert recall(tmp_path, asked) is None
