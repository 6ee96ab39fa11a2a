"""The recommended seed: one of the certified ones, the best by the pool's own pseudo-tasks."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choosing.building import is_single
from app.choosing.question import Question, options_of
from app.choosing.recommending import FIRST, Expectation, expect, recommend
from app.choosing.recommending.random_seeds import RANDOM_SEEDS, Measure, RandomSeeds
from app.choosing.recommending.seed import CANDIDATES, CLEARLY
from app.choosing.seeding import make_frontier, make_seed, recall, remember
from app.errors import InvalidRequestError
from app.processes.child import Cancellation
from features.pseudo_tasks import PseudoTaskScore
from features.signing import SceneVectors, sign
from solver.model.constraints import Constraints, GroupRule
from solver.model.result import Status
from solver.model.stop import TimeLimit
from solver.rules.reduction import reduce

SCENES = 20


def question(folder: Path, scenes: int = SCENES, parts: int = 30, **terms: Any) -> Question:  # noqa: ANN401
    """Return a question about scenes that each show some of twelve kinds of things."""
    rng = np.random.default_rng(1)
    images = terms.pop("images", 2)
    count = 12 if images > 1 else 100  # of single images hardly two have much in common
    kinds = rng.normal(size=(count, 24))
    shown = [rng.choice(count, 4, replace=False) for _ in range(scenes)]
    found = {}
    for scene in range(scenes):
        rows = kinds[rng.choice(shown[scene], parts)] + 0.3 * rng.normal(size=(parts, 24))
        found[f"scene {scene:02}"] = SceneVectors(
            rows.astype(np.float32), rng.integers(1, 9, parts).astype(float), images
        )
    signatures, tasks, _ = sign(folder, "key", tuple(found), found.__getitem__, 13)
    usual: dict[str, Any] = {
        "costs": rng.integers(5, 20, scenes).astype(float),
        "budget": 60.0,
        "objective": "recommended",
        "options": options_of(strategy="auto", time_limit_s=5.0, gap=0.0, random_seed=0),
    }
    return Question(signatures=signatures, tasks=tasks, **(usual | terms))


def test_it_is_the_best_of_the_certified_seeds_by_the_tasks(tmp_path: Path) -> None:
    """No other candidate's own seed is scored higher; worth and bound are those of its own."""
    asked = question(tmp_path, scenes=10, budget=40.0)  # so few that all is proven at once
    answer = make_seed(asked)
    assert asked.tasks is not None
    score = PseudoTaskScore(asked.tasks)
    alone = {name: make_seed(replace(asked, objective=name)).result for name in CANDIDATES}
    random = RandomSeeds.drawn(Measure(score), reduce(asked.problem()), 0, TimeLimit(60.0))
    scores = {name: random.score(score.accuracies(one.selected)) for name, one in alone.items()}
    best = max(scores, key=scores.__getitem__)
    assert answer.objective == (best if scores[best] > scores[FIRST] + CLEARLY else FIRST)
    own = alone[answer.objective]
    assert answer.result.objective == pytest.approx(own.objective)
    assert answer.result.upper_bound == pytest.approx(own.upper_bound)
    why = answer.recommendation
    assert why is not None
    assert why.compared == CANDIDATES
    assert why.kept == pytest.approx(own.objective / own.upper_bound)
    assert 0.5 < why.simulated_rank <= 1.0
    assert any(answer.objective in note for note in answer.result.notes)


def test_the_same_question_has_the_same_answer(tmp_path: Path) -> None:
    """By the random seed; and a stored answer is the answer."""
    asked = question(tmp_path, scenes=10, budget=40.0)  # so few that all is proven at once
    first, second = make_seed(asked), make_seed(asked)
    assert first.result.selected.tolist() == second.result.selected.tolist()
    assert first.recommendation == second.recommendation
    remember(tmp_path, asked, first)
    again = recall(tmp_path, asked)
    assert again is not None
    assert again.recommendation == first.recommendation


def test_single_images_with_little_in_common_get_what_never_hurt(tmp_path: Path) -> None:
    """The best of the random seeds, made better by the tasks alone; its bound is of coverage."""
    asked = question(tmp_path, images=1, scenes=40)
    assert is_single(asked.signatures)
    assert asked.tasks is not None
    answer = make_seed(asked)
    score = PseudoTaskScore(asked.tasks)
    random = RandomSeeds.drawn(Measure(score), reduce(asked.problem()), 0, TimeLimit(60.0))
    best_random = random.best(asked.problem())
    assert best_random is not None
    before = random.score(score.accuracies(np.flatnonzero(best_random)))
    assert before == max(random.score(one) for one in random.accuracies)
    assert random.score(score.accuracies(answer.result.selected)) >= before
    assert answer.objective == "coverage"
    best = make_seed(replace(asked, objective="coverage")).result
    assert answer.result.objective <= best.upper_bound
    assert answer.result.upper_bound >= best.objective
    assert any("random seed" in note for note in answer.result.notes)


@pytest.mark.parametrize("least", [2, 6])
def test_minimums_that_chance_misses_are_kept(tmp_path: Path, least: int) -> None:
    """Also where no random seed has as many of a group."""
    group = GroupRule(name="floor", items=np.arange(6), minimum=least)
    rules = Constraints(groups=(group,))
    asked = question(tmp_path, images=1, scenes=40, budget=100.0, constraints=rules)
    chosen = make_seed(asked).result.selected
    assert np.isin(np.arange(6), chosen).sum() >= least


@pytest.mark.parametrize("images", [1, 2])
def test_every_rule_is_kept(tmp_path: Path, images: int) -> None:
    """What is labelled counts and is not bought; groups, pins and bans hold."""
    rules = Constraints(
        include=np.array([3]),
        exclude=np.array([0, 5]),
        labelled=np.array([7]),
        groups=(GroupRule(name="floor", items=np.arange(8, 14), minimum=2, maximum=3),),
    )
    chosen = make_seed(question(tmp_path, images=images, constraints=rules)).result.selected
    assert 3 in chosen
    assert not np.isin([0, 5, 7], chosen).any()
    assert 2 <= np.isin(np.arange(8, 14), chosen).sum() <= 3


def test_what_no_choice_keeps_is_infeasible(tmp_path: Path) -> None:
    """The first candidate's reasons are the answer's."""
    rules = Constraints(include=np.arange(12))
    found = recommend(question(tmp_path, budget=20.0, constraints=rules))
    assert found.result is not None
    assert found.result.status is Status.INFEASIBLE


def test_a_strategy_is_for_the_objectives_that_have_it(tmp_path: Path) -> None:
    """Those that do not are not compared; where none does, it is refused."""
    options = options_of(strategy="greedy", time_limit_s=5.0, gap=0.0, random_seed=0)
    answer = make_seed(question(tmp_path, options=options))
    assert answer.result.used == "greedy"
    refused = options_of(strategy="cp_sat", time_limit_s=5.0, gap=0.0, random_seed=0)
    with pytest.raises(InvalidRequestError, match="'cp_sat'; ask for an objective over pairs"):
        make_seed(question(tmp_path, options=refused))


def test_a_pool_without_tasks_has_a_rule_of_thumb(tmp_path: Path) -> None:
    """Nothing is compared, and the note says by which number the objective was taken."""
    answer = make_seed(replace(question(tmp_path), tasks=None))
    assert answer.recommendation is None
    assert any("redundancy" in note for note in answer.result.notes)


def test_an_objective_that_a_pool_is_too_large_for_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are compared."""
    monkeypatch.setattr("app.choosing.building.MOST_ENTRIES", SCENES * SCENES)
    found = recommend(question(tmp_path))
    assert found.recommendation is not None
    assert found.recommendation.compared == ("facility_location", "k_center")


@pytest.mark.parametrize("scenes", [1, 2])
def test_one_scene_or_two_have_an_answer(tmp_path: Path, scenes: int) -> None:
    """The few that there are."""
    answer = make_seed(question(tmp_path, scenes=scenes))
    assert len(answer.scenes) == scenes


def test_scenes_that_are_all_the_same_have_an_answer(tmp_path: Path) -> None:
    """As many as the budget buys."""
    row = np.ones((30, 24), np.float32)
    ids = tuple(f"s{k}" for k in range(6))
    signatures, tasks, _ = sign(
        tmp_path, "same", ids, lambda _: SceneVectors(row, np.ones(30), 1), 13
    )
    asked = Question(
        signatures=signatures,
        tasks=tasks,
        costs=np.ones(6),
        budget=3.0,
        objective="recommended",
    )
    assert len(make_seed(asked).scenes) <= 3


def test_many_budgets_have_the_objective_that_is_mostly_chosen(tmp_path: Path) -> None:
    """Its note says so, and says nothing of a seed."""
    found = make_frontier(question(tmp_path), (20.0, 60.0), nested=False, watch=Cancellation())
    assert found.objective == FIRST
    assert found.notes == (f"The objective is {FIRST}: many budgets have one objective.",)


def test_steps_that_only_add_have_a_pair_objective(tmp_path: Path) -> None:
    """The recommended one has none that is proven, so another is taken, and it is said."""
    found = make_frontier(question(tmp_path), (20.0, 60.0), nested=True, watch=Cancellation())
    assert found.objective == "centred"
    assert any("pair objectives" in note for note in found.notes)
    assert set(found.steps[0].selected) <= set(found.steps[1].selected)


def test_who_gives_up_gets_what_there_is(tmp_path: Path) -> None:
    """A cancelled question ends with the candidate that is solved first."""
    found = recommend(question(tmp_path), lambda: True)
    assert found.question.objective == "k_center"


def test_only_what_is_asked_is_recommended(tmp_path: Path) -> None:
    """A question with an objective of its own has nothing recommended."""
    with pytest.raises(ValueError, match="without an objective of its own"):
        recommend(replace(question(tmp_path), objective="coverage"))


def test_random_seeds_keep_the_rules_and_know_their_place(tmp_path: Path) -> None:
    """The mean random seed has score 0 in every task, and rank one half."""
    asked = question(tmp_path)
    assert asked.tasks is not None
    score = PseudoTaskScore(asked.tasks)
    random = RandomSeeds.drawn(Measure(score), reduce(asked.problem()), 3, TimeLimit(60.0))
    assert len(random.accuracies) == RANDOM_SEEDS
    assert random.score(random.accuracies.mean(axis=0)) == pytest.approx(0.0, abs=1e-9)
    ranks = [random.share_below(one) for one in random.accuracies]
    assert np.mean(ranks) == pytest.approx(0.5)


def test_what_is_expected_is_the_kernel_mean_of_like_cells() -> None:
    """The plain formula, pools weighing the same; far from every cell nothing is expected."""
    rng = np.random.default_rng(0)
    cells = [
        {"pool": pool, "redundancy": rng.uniform(0.4, 0.8), "percentile": rng.uniform(0.2, 1.0)}
        for pool in "abbbccccccccdddddddddddd"
    ]
    found = expect(0.6, cells)
    assert found is not None
    worth = total = 0.0
    for cell in cells:
        alike = np.exp(-((cell["redundancy"] - 0.6) ** 2) / (2 * 0.08**2))
        share = alike / sum(other["pool"] == cell["pool"] for other in cells)
        worth, total = worth + share * cell["percentile"], total + share
    assert found.percentile == pytest.approx(worth / total)
    assert found.low <= found.percentile <= found.high
    assert expect(2.0, cells) is None
    assert expect(0.6, []) is None


def test_words_say_where_chance_decides() -> None:
    """A sentence about a lottery is there below 0.7, and only there."""
    for percentile, said in ((0.6, True), (0.9, False)):
        sentence = Expectation(percentile=percentile, low=0.2, high=1.0, cells=9).sentence
        assert ("chance decides" in sentence) is said
        assert f"{percentile:.0%}" in sentence
