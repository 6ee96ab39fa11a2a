"""The scenes that methods choose from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from labelled_world import SIDE, TRAIN

from app.choosing.budgets import parse_budget
from app.errors import AppError, BudgetError
from app.evaluation.costs import parse_cost
from app.evaluation.cuts import parse_cut
from app.evaluation.plan import ComparisonPlan, Draw, draw_scenes
from app.labelled.errors import LabelledDataError
from app.labelled.folder import LabelFolder, LabelledPool


def draw(
    pool: LabelledPool,
    cuts: Sequence[str],
    *,
    cost: str = "pixels",
    budget: str = "50%",
    repetitions: int = 1,
) -> list[Draw]:
    """Draw scenes of a pool."""
    plan = ComparisonPlan(
        cuts=tuple(map(parse_cut, cuts)),
        budgets=(parse_budget(budget),),
        objectives=(),
        baselines=(),
        backbones=("colour_grid",),
        cost=parse_cost(cost),
        repetitions=repetitions,
    )
    return draw_scenes(pool, plan)


def test_only_chance_is_repeated(labelled: LabelFolder) -> None:
    """Frames and whole groups are cut once, random lengths as often as asked, each time anew."""
    draws = draw(labelled, ["frame", "group:^.", "window:1-4"], repetitions=3)
    places = [(one.cut.spec, one.repetition) for one in draws]
    windows = [("window:1-4", repetition) for repetition in range(3)]
    assert places == [("frame", 0), ("group:^.", 0), *windows]
    assert len({tuple(one.scenes.values()) for one in draws[2:]}) == 3
    for one in draws:
        assert sorted(stem for stems in one.scenes.values() for stem in stems) == sorted(TRAIN)


def test_a_scene_costs_what_its_images_cost(labelled: LabelFolder) -> None:
    """Ignored pixels cost nothing; the total does not depend on the cut."""
    frames, groups = draw(labelled, ["frame", "group:^."])
    assert set(frames.price.values()) == {SIDE * SIDE - 8.0}
    assert groups.price == dict.fromkeys("abcd", 6 * (SIDE * SIDE - 8.0))
    assert frames.total == groups.total == 24 * (SIDE * SIDE - 8.0)


def test_features_are_asked_of_the_same_scenes(labelled: LabelFolder) -> None:
    """The pool of the pipeline has the ids, costs and images of the draw."""
    (groups,) = draw(labelled, ["group:^."], cost="images")
    source = groups.source(labelled, parse_cost("images"))
    assert source.resource == "images"
    for scene in source.scenes:
        assert scene.costs == {"images": 6.0}
        stems = groups.scenes[scene.scene_id]
        assert [image.uri for image in scene.images] == [str(labelled.image(s)) for s in stems]


@pytest.mark.parametrize(
    ("cut", "budget", "sentence"),
    [
        ("frame", "1%", "below the cheapest scene of the cut 'window:1-1' (4,088)"),
        ("group:^.", "24%", "below the cheapest scene of the cut 'group:^.' (24,528)"),
        ("frame", "4087", "The budget of 4,087 pixels is below"),
    ],
)
def test_a_budget_buys_a_scene_of_every_cut(
    labelled: LabelFolder, cut: str, budget: str, sentence: str
) -> None:
    """A budget below the cheapest scene is refused with both numbers and the cut."""
    with pytest.raises(BudgetError) as caught:
        draw(labelled, ["window:1-1", cut], budget=budget)
    assert sentence in str(caught.value)
    assert draw(labelled, ["frame"], budget="4088")


@dataclass(frozen=True)
class Many:
    """A pool with so many images, of which nothing but the names is known."""

    images: int
    name: str = "many"
    resources: tuple[str, ...] = ("nothing",)

    @property
    def train(self) -> tuple[str, ...]:
        """Return their stems."""
        return tuple(map(str, range(self.images)))

    def cost(self, _stem: str, _resource: str) -> float:
        """Return 0."""
        return 0.0


@pytest.mark.parametrize(
    ("pool", "cost", "sentence"),
    [
        (Many(10_001), "images", "cut 'frame': makes 10,001 scenes; baselines compare 10,000"),
        (Many(5), "nothing", "cost 'nothing': is 0 for every image"),
        (Many(5), "points", "cost 'points': many has no such cost"),
    ],
)
def test_a_pool_that_cannot_be_compared_is_refused(pool: Many, cost: str, sentence: str) -> None:
    """Too many scenes for baselines, and costs that no budget can limit."""
    with pytest.raises(AppError) as caught:
        draw(pool, ["frame"], cost=cost)
    assert sentence in str(caught.value)
    assert isinstance(caught.value, LabelledDataError)
