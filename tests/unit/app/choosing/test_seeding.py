from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choosing.question import Question, options_of
from app.choosing.seeding import make_frontier, make_seed, recall, remember
from app.errors import BudgetError, InvalidRequestError
from app.processes.child import Cancellation
from features.files.stored import read_arrays, write_arrays
from features.signatures.model import Signatures
from solver.model.constraints import Constraints
from solver.model.objective import value


def question(n: int = 12, budget: float = 30.0, seed: int = 0) -> Question:
    """Return a question about random scenes."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, 5))
    vectors /= 1.2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    costs = rng.integers(5, 20, n).astype(float)
    ids = tuple(f"Area_1/room_{k}" for k in range(n))
    signatures = Signatures(ids, rng.uniform(0.1, 1.0, n), vectors, np.full(n, 3))
    return Question(signatures=signatures, costs=costs, budget=budget)


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


@pytest.mark.parametrize("objective", ["seedal", "facility_location", "k_center"])
def test_near_misses_are_the_best_of_what_is_left(objective: str) -> None:
    """They are all that may be chosen, by what each would add for its cost, up to twelve."""
    rules = Constraints(exclude=np.array([1, 5]), labelled=np.array([2]), include=np.array([3]))
    asked = replace(question(n=25), objective=objective, constraints=rules)
    answer, problem = make_seed(asked), asked.problem()
    inside = np.zeros(problem.n, dtype=bool)
    inside[answer.result.selected] = inside[2] = True
    added = {}
    for item in np.flatnonzero(~inside).tolist():
        beside = inside.copy()
        beside[item] = True
        added[asked.scene_ids[item]] = value(problem, beside) - value(problem, inside)
    for excluded in (1, 5):
        del added[asked.scene_ids[excluded]]
    costs = dict(zip(asked.scene_ids, asked.costs.tolist(), strict=True))
    found = answer.near_misses
    assert len(found) == 12
    for scene in found:
        assert scene.cost == costs[scene.scene_id]
        assert scene.gain == pytest.approx(added[scene.scene_id], abs=1e-9)
    ratios = sorted((added[name] / costs[name] for name in added), reverse=True)
    assert [scene.gain / scene.cost for scene in found] == pytest.approx(ratios[:12], abs=1e-9)


def test_near_misses_are_represented_by_what_they_look_like() -> None:
    """Each names the chosen scene with the largest cosine, or none where a labelled one has it."""
    asked = replace(question(n=40), constraints=Constraints(labelled=np.array([0, 1])))
    answer = make_seed(asked)
    unit = asked.signatures.vectors / np.linalg.norm(
        asked.signatures.vectors, axis=1, keepdims=True
    )
    there = [*answer.result.selected.tolist(), 0, 1]
    for scene in answer.near_misses:
        nearest = max(there, key=(unit @ unit[asked.scene_ids.index(scene.scene_id)]).__getitem__)
        expected = None if nearest in {0, 1} else asked.scene_ids[nearest]
        assert scene.represented_by == expected


def test_an_empty_seed_represents_nothing() -> None:
    """Where labelled scenes leave no money for others, what is missed looks like no chosen one."""
    rules = Constraints(labelled=np.array([0]))
    answer = make_seed(replace(question(), budget=1.0, constraints=rules))
    assert answer.scenes == ()
    assert len(answer.near_misses) == 11
    assert {scene.represented_by for scene in answer.near_misses} == {None}


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
        ({"budget": float("nan")}, "The budget must be a finite number"),
    ],
)
def test_bad_questions_are_refused_in_one_sentence(
    change: dict[str, object], sentence: str
) -> None:
    """Every bad part of a question is named."""
    with pytest.raises(InvalidRequestError, match=sentence):
        make_seed(replace(question(), **change))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"strategy": "magic"}, "no strategy 'magic'"),
        ({"time_limit_s": -1.0}, "at least 0 seconds"),
        ({"gap": float("nan")}, "A gap is at least 0"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(change: dict[str, Any], sentence: str) -> None:
    """How to search is checked before anything is asked."""
    usual: dict[str, Any] = {
        "strategy": "auto", "time_limit_s": 1.0, "gap": 0.0, "random_seed": 0
    }  # fmt: skip
    with pytest.raises(InvalidRequestError, match=sentence):
        options_of(**{**usual, **change})


def test_no_scene_no_seed() -> None:
    """A pool without features cannot be asked."""
    nothing = Signatures((), np.zeros(0), np.zeros((0, 3)), np.zeros(0, dtype=np.int64))
    empty = Question(signatures=nothing, costs=np.zeros(0), budget=1.0)
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
    (stored,) = tmp_path.rglob("*.npz")
    write_arrays(stored, answer=np.frombuffer(damage, dtype=np.uint8))
    assert recall(tmp_path, asked) is None
    stored.write_bytes(damage)
    assert recall(tmp_path, asked) is None


def test_a_tampered_answer_counts_as_none(tmp_path: Path) -> None:
    """A stored answer whose numbers no longer hold is not believed."""
    asked = question()
    answer = make_seed(asked)
    remember(tmp_path, asked, answer)
    (stored,) = tmp_path.rglob("*.npz")
    (content,) = read_arrays(stored, "answer")
    text = content.tobytes().decode()
    told = text.replace(f'"objective": {answer.result.objective}', '"objective": 9e9')
    assert told != text
    write_arrays(stored, answer=np.frombuffer(told.encode(), dtype=np.uint8))
    assert recall(tmp_path, asked) is None


def test_an_empty_seed_says_why() -> None:
    """Beside labelled scenes nothing need be chosen: a note tells what the budget is short of."""
    asked = question()
    rules = Constraints(labelled=np.array([0]))
    answer = make_seed(replace(asked, budget=0.5, constraints=rules))
    cheapest = float(asked.costs[1:].min())
    assert answer.result.selected.size == 0
    assert any(
        "Nothing is chosen: the budget of 0.5 is below the cheapest scene" in note
        and f"costs {cheapest:g}" in note
        for note in answer.result.notes
    )
    everything = Constraints(labelled=np.arange(6), exclude=np.arange(6, 12))
    answer = make_seed(replace(asked, constraints=everything))
    assert "Nothing is chosen: every scene is labelled or excluded." in answer.result.notes
    none = Constraints(labelled=np.array([0]), max_items=0)
    answer = make_seed(replace(asked, constraints=none))
    assert "Nothing is chosen: within the rules no scene adds to the objective." in (
        answer.result.notes
    )


def test_what_is_labelled_and_included_is_not_bought_again() -> None:
    """It is there already; a note names it, for seeds and frontiers, and no other seed has one."""
    asked = question()
    rules = Constraints(include=np.array([1, 2]), labelled=np.array([2, 3]))
    note = "Labelled already, so not chosen again although included: 'Area_1/room_2'."
    answer = make_seed(replace(asked, constraints=rules))
    assert note in answer.result.notes
    chosen = {scene.scene_id for scene in answer.scenes}
    assert "Area_1/room_1" in chosen
    assert not {"Area_1/room_2", "Area_1/room_3"} & chosen
    curve = make_frontier(
        replace(asked, constraints=rules), (30.0,), nested=False, watch=Cancellation(lambda: False)
    )
    assert note in curve.notes
    assert not any("Labelled" in note for note in make_seed(asked).result.notes)
