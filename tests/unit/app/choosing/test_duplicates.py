import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.choosing.duplicates import find_duplicates, one_of_each
from app.choosing.question import Question
from app.choosing.seeding import make_seed
from app.errors import InfeasibleError, InvalidRequestError
from features.index import SceneIndex
from features.signatures.model import Signatures
from solver.model.constraints import Constraints, GroupRule

IDS = tuple(f"s{k}" for k in range(8))


@pytest.fixture
def index() -> SceneIndex:
    """Index eight scenes: s0 to s2 are a chain, s3 and s4 a pair, the others alone."""
    vectors = np.eye(8)
    vectors[1] = vectors[0] + 0.25 * vectors[5]
    vectors[2] = vectors[1] + 0.35 * vectors[5]
    vectors[4] = vectors[3] + 0.1 * vectors[6]
    return SceneIndex.build(Signatures(IDS, np.ones(8), vectors, np.full(8, 2)))


def items(*numbers: int) -> np.ndarray:
    """Return item numbers."""
    return np.array(numbers, dtype=np.int64)


def groups(rules: Constraints) -> dict[str, tuple[list[int], int | None]]:
    """Return groups by name."""
    return {g.name: (g.items.tolist(), g.maximum) for g in rules.groups}


def test_chains_count_as_one_group(index: SceneIndex) -> None:
    """The ends of a chain are less alike than the threshold, and still of one group."""
    ends = dict(zip(index.nearest[0].tolist(), index.similarities[0].tolist(), strict=True))
    assert ends[2] < 0.9
    rules = one_of_each(Constraints(), index, 0.94, IDS)
    assert groups(rules) == {"duplicates of s0": ([0, 1, 2], 1), "duplicates of s3": ([3, 4], 1)}
    assert not one_of_each(Constraints(), index, 1.0, IDS).groups


def test_what_looks_like_a_labelled_scene_is_not_chosen(index: SceneIndex) -> None:
    """It is there already; other labelled scenes and exclusions stay as they are."""
    asked = Constraints(labelled=items(1, 7), exclude=items(5))
    rules = one_of_each(asked, index, 0.94, IDS)
    assert rules.exclude.tolist() == [0, 2, 5]
    assert rules.labelled.tolist() == [1, 7]
    assert list(groups(rules)) == ["duplicates of s3"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (Constraints(include=items(2, 0)), "include has 's0' and include has 's2', which are"),
        (Constraints(include=items(4), labelled=items(3)), "has 's4' and labelled has 's3', which"),
    ],
)
def test_two_of_a_group_contradict_the_rule(
    index: SceneIndex, asked: Constraints, sentence: str
) -> None:
    """Both scenes and the rule are named."""
    with pytest.raises(InfeasibleError, match=sentence) as caught:
        one_of_each(asked, index, 0.94, IDS)
    assert "at 0.94; one_of_each_duplicate allows only one of them." in caught.value.detail
    assert caught.value.pointer == "#/constraints/one_of_each_duplicate"


def test_an_included_scene_that_is_labelled_is_no_contradiction(index: SceneIndex) -> None:
    """It is there already, and not bought again; so may others of its group be."""
    asked = Constraints(include=items(0), labelled=items(0, 1))
    assert one_of_each(asked, index, 0.94, IDS).exclude.tolist() == [2]


def test_groups_that_share_scenes_become_budgets(index: SceneIndex) -> None:
    """A max beside duplicates counts scenes; groups apart from them stay groups."""
    asked = Constraints(
        groups=(
            GroupRule(name="floor 1", items=items(0, 1, 5), maximum=2),
            GroupRule(name="floor 2", items=items(2, 4)),
            GroupRule(name="floor 3", items=items(6, 7), minimum=1),
        )
    )
    rules = one_of_each(asked, index, 0.94, IDS)
    assert list(groups(rules)) == ["floor 3", "duplicates of s0", "duplicates of s3"]
    (counted,) = rules.resources
    assert counted.name == "number of scenes in group 'floor 1'"
    assert counted.costs.tolist() == [1, 1, 0, 0, 0, 1, 0, 0]
    assert counted.limit == 2


def test_a_minimum_beside_duplicates_is_refused(index: SceneIndex) -> None:
    """One sentence names the group."""
    asked = Constraints(groups=(GroupRule(name="floor 1", items=items(0, 5), minimum=1),))
    with pytest.raises(InvalidRequestError, match=r"Group 'floor 1' shares scenes .* but no min"):
        one_of_each(asked, index, 0.94, IDS)


def test_too_many_groups_that_share_scenes_are_refused() -> None:
    """Each would be a further budget."""
    vectors = np.repeat(np.eye(101), 2, axis=0)
    ids = tuple(map(str, range(202)))
    index = SceneIndex.build(Signatures(ids, np.ones(202), vectors, np.full(202, 2)))
    asked = Constraints(
        groups=tuple(GroupRule(name=str(k), items=items(2 * k), maximum=1) for k in range(101))
    )
    with pytest.raises(InvalidRequestError, match=r"101 groups with a max .* there may be 100"):
        one_of_each(asked, index, 0.94, ids)


def test_a_large_group_names_a_thousand_scenes() -> None:
    """The answer says how many there are, and stays short."""
    ids = tuple(map(str, range(1010)))
    index = SceneIndex.build(Signatures(ids, np.ones(1010), np.ones((1010, 2)), np.full(1010, 2)))
    (group,) = find_duplicates(index, ids, 0.95).groups
    assert (group.size, len(group.scenes), group.weakest) == (1010, 1000, 1.0)
    assert group.scenes[5].most_like == "0"


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["seedal", "k_center", "facility_location"]))
def test_the_best_seed_of_all_that_keep_the_rule(seed: int, objective: str) -> None:
    """The solver's answer is as good as the best of all selections with at most one of each."""
    rng = np.random.default_rng(seed)
    n = 9
    vectors = rng.normal(size=(4, 3))[rng.integers(0, 4, n)] + 0.2 * rng.normal(size=(n, 3))
    vectors *= 0.9 / np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = tuple(f"s{k}" for k in range(n))
    signatures = Signatures(ids, rng.uniform(0.2, 1, n), vectors, np.full(n, 2))
    index = SceneIndex.build(signatures)
    asked: dict[str, Any] = {
        "signatures": signatures, "costs": rng.integers(1, 4, n).astype(float), "budget": 6.0,
        "objective": objective,
    }  # fmt: skip
    user = Constraints(
        labelled=items(int(rng.integers(n))),
        groups=(GroupRule(name="half", items=np.arange(n // 2), maximum=1),),
    )
    rules = one_of_each(user, index, 0.95, ids)
    answer = make_seed(Question(**asked, constraints=rules))
    chosen = answer.result.selected.tolist()
    duplicates = [set(group.rows.tolist()) for group in index.groups(0.95)]
    labelled = set(user.labelled.tolist())

    def allowed(some: set[int]) -> bool:
        return (
            not some & labelled
            and sum(asked["costs"][k] for k in some) <= 6.0
            and len(some & set(range(n // 2))) <= 1
            and all(
                len(group & (some | labelled)) <= max(1, len(group & labelled))
                for group in duplicates
            )
        )

    assert allowed(set(chosen))
    best = max(
        _worth(asked, user, some)
        for size in range(n)
        for some in itertools.combinations(range(n), size)
        if allowed(set(some))
    )
    assert answer.result.objective == pytest.approx(best, rel=1e-9)


def _worth(asked: dict[str, Any], user: Constraints, some: tuple[int, ...]) -> float:
    """Return what a selection is worth: the only one that includes it and excludes the rest."""
    rest = np.setdiff1d(np.arange(len(asked["costs"])), (*some, *user.labelled.tolist()))
    rules = Constraints(
        include=np.array(some, dtype=np.int64), exclude=rest, labelled=user.labelled
    )
    return make_seed(Question(**asked, constraints=rules)).result.objective
