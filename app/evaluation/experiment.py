"""The experiment: cut, choose, label, train, score, for every cut, budget and backbone."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.errors import BudgetError
from app.evaluation.arena import Arena, Score
from app.evaluation.campaign import Campaign, Course
from app.evaluation.costs import scene_costs
from app.evaluation.cuts import Cut, Scenes
from app.evaluation.labelled import LabelledPool
from app.evaluation.methods import RANDOM, Choice, Method, find_methods, random_choice
from app.evaluation.parallel import side_by_side
from app.evaluation.plan import Plan
from app.services.budgets import BudgetAsked
from app.services.objectives import FeatureToken
from app.services.seeding import SeedQuestion
from features.backbones import identify, resolve_backbone
from features.pipeline import prepare
from features.prepared import Prepared
from features.scenes import Image, Pool, Scene
from features.settings import AUTO

Progress = Callable[[int, int], None]
"""Called with the number of images whose features are done, and of all."""

Say = Callable[[str], None]
"""Called with a sentence about what is going on."""

_RANDOM_SEEDS: Final = 1000
"""Random seeds number k of repetition r draw from ``1000 r + k``, and their rounds too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A seed, and what became of it.

    Parameters
    ----------
    choice
        The scenes.
    cost
        What they cost together.
    score
        Of the probe of their labels.
    courses
        Acquisition to what further rounds came to.
    """

    choice: Choice
    cost: float
    score: Score
    courses: Mapping[str, Course] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One comparison: one backbone, one cut, one budget.

    Parameters
    ----------
    backbone, cut, repetition
        Which.
    budget
        As it was asked for.
    limit, total
        The budget, and what all scenes cost, in the cost's unit.
    scenes, images
        How many can be chosen.
    random
        The random seeds, in order.
    methods
        By name.
    """

    backbone: str
    cut: str
    repetition: int
    budget: BudgetAsked
    limit: float
    total: float
    scenes: int
    images: int
    random: tuple[Outcome, ...]
    methods: Mapping[str, Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All comparisons on a dataset.

    Parameters
    ----------
    dataset, classes, train, test
        Its name, its classes' names, how many images can be chosen, and how many are scored.
    plan
        What was asked.
    cells
        Backbone by backbone, cut by cut, budget by budget.
    notes
        Sentences a user should read.
    """

    dataset: str
    classes: tuple[str, ...]
    train: int
    test: int
    plan: Plan
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


def evaluate(
    pool: LabelledPool,
    plan: Plan,
    cache: Path,
    *,
    progress: Progress | None = None,
    say: Say = lambda _sentence: None,
) -> Evaluation:
    """Run an evaluation.

    Parameters
    ----------
    pool
        The labelled dataset.
    plan
        What is compared.
    cache
        The folder of stored features.
    progress, say
        Told how it goes.

    Raises
    ------
    FeatureError
        A backbone or an image cannot be used.
    AppError
        A cut, a cost, a budget or a method cannot be had.
    """
    per_image = plan.cost.per_image(pool)
    drawn = _draw(pool, plan)
    methods = find_methods(_named(plan.objectives), plan.baselines, pool.classes)
    _refuse_small_budgets(drawn, plan, per_image)
    cells: list[Cell] = []
    notes = dict.fromkeys(pool.notes)
    for name in plan.backbones:
        features = replace(plan.features, backbone=name, clusters=pool.classes)
        backbone, note = resolve_backbone(name, weights=features.weights)
        identity = identify(
            backbone, weights=features.weights, weights_sha256=features.weights_sha256
        )
        notes |= dict.fromkeys(note)
        arena = Arena(pool, identity, cache / "maps", features.compute, progress)
        for cut, repetition, scenes in drawn:
            costs = scene_costs(scenes, per_image)
            source = _scene_pool(pool, plan, scenes, costs)
            tokens = _tokens(plan, methods)
            described: dict[FeatureToken, Prepared] = {}
            for token in dict.fromkeys(tokens.values()):
                settings = replace(features, token=token)
                described[token] = prepare(source, settings, cache, progress)
                notes |= dict.fromkeys(described[token].notes)
            for budget in plan.budgets:
                asked = {
                    token: _question(plan, prepared, costs, budget)
                    for token, prepared in described.items()
                }
                question = asked[tokens[RANDOM]]
                questions = {name: asked[tokens[name]] for name in methods}
                cell = _compare(arena, plan, question, methods, questions, scenes, repetition)
                cells.append(
                    Cell(
                        backbone=backbone,
                        cut=cut.spec,
                        repetition=repetition,
                        budget=budget,
                        limit=question.budget,
                        total=math.fsum(costs),
                        scenes=len(scenes),
                        images=sum(map(len, scenes.values())),
                        random=cell[0],
                        methods=cell[1],
                    )
                )
                say(_line(cells[-1]))
    return Evaluation(
        dataset=pool.name,
        classes=pool.class_names,
        train=len(pool.train),
        test=len(pool.test),
        plan=plan,
        cells=tuple(cells),
        notes=(*notes, *_unconverged(cells)),
    )


def _tokens(plan: Plan, methods: Mapping[str, Method]) -> dict[str, FeatureToken]:
    """Return which vectors each method sees: the user's choice, or else its own."""
    if plan.features.token != AUTO:
        return dict.fromkeys((RANDOM, *methods), plan.features.token)
    return {name: method.token for name, method in methods.items()} | {RANDOM: AUTO}


def _named(objectives: Iterable[str]) -> dict[str, str]:
    return {spec: spec for spec in objectives}


def _draw(pool: LabelledPool, plan: Plan) -> list[tuple[Cut, int, Scenes]]:
    """Cut the pool; what no chance decides is cut once."""
    return [
        (cut, repetition, cut.scenes(pool.train, plan.random_seed + repetition))
        for cut in plan.cuts
        for repetition in range(plan.repetitions if cut.lengths else 1)
    ]


def _refuse_small_budgets(
    drawn: Iterable[tuple[Cut, int, Scenes]], plan: Plan, per_image: Mapping[str, float]
) -> None:
    """Refuse, before any feature is computed, a budget that buys no scene of some cut."""
    for cut, _, scenes in drawn:
        costs = scene_costs(scenes, per_image)
        for budget in plan.budgets:
            limit = budget.limit(math.fsum(costs))
            if limit < costs.min():
                detail = (
                    f"The budget of {limit:,.10g} {plan.cost.resource} is below the cheapest scene "
                    f"of the cut {cut.spec!r} ({costs.min():,.10g})."
                )
                raise BudgetError(detail)


def _scene_pool(pool: LabelledPool, plan: Plan, scenes: Scenes, costs: NDArray[np.float64]) -> Pool:
    resource = plan.cost.resource
    return Pool(
        kind="labelled",
        scenes=tuple(
            Scene(
                scene_id=scene_id,
                costs={resource: float(cost)},
                images=tuple(Image(str(pool.image(stem))) for stem in stems),
            )
            for (scene_id, stems), cost in zip(scenes.items(), costs, strict=True)
        ),
        resource=resource,
        cost_origin=plan.cost.spec,
    )


def _question(
    plan: Plan,
    prepared: Prepared,
    costs: NDArray[np.float64],
    budget: BudgetAsked,
) -> SeedQuestion:
    signatures = prepared.signatures
    return SeedQuestion(
        scene_ids=signatures.scene_ids,
        costs=costs,
        weights=signatures.weights,
        vectors=signatures.vectors,
        parts=signatures.parts,
        budget=budget.limit(math.fsum(costs)),
        time_limit_s=plan.time_limit_s,
        random_seed=plan.random_seed,
    )


def _compare(
    arena: Arena,
    plan: Plan,
    question: SeedQuestion,
    methods: Mapping[str, Method],
    questions: Mapping[str, SeedQuestion],
    scenes: Scenes,
    repetition: int,
) -> tuple[tuple[Outcome, ...], dict[str, Outcome]]:
    """Choose one seed after the other, then train and score side by side."""
    first = plan.random_seed + _RANDOM_SEEDS * repetition
    choices = [random_choice(question, first + k) for k in range(plan.random)]
    choices += [method(questions[name]) for name, method in methods.items()]
    seeds = [*range(first, first + plan.random), *([first] * len(methods))]
    price = dict(zip(question.scene_ids, question.costs.tolist(), strict=True))
    campaign = Campaign(arena, scenes, price, question.budget, plan.rounds)

    def outcome(choice: Choice, random_seed: int) -> Outcome:
        acquisitions = plan.acquisitions if plan.rounds else ()
        return Outcome(
            choice=choice,
            cost=math.fsum(price[scene] for scene in choice.scenes),
            score=arena.score(stem for scene in choice.scenes for stem in scenes[scene]),
            courses={
                acquisition: campaign.run(choice.scenes, acquisition, random_seed)
                for acquisition in acquisitions
            },
        )

    outcomes = side_by_side(outcome, choices, seeds)
    return tuple(outcomes[: plan.random]), dict(zip(methods, outcomes[plan.random :], strict=True))


def _line(cell: Cell) -> str:
    values = [seed.score.miou for seed in cell.random]
    best = max(cell.methods, key=lambda name: cell.methods[name].score.miou, default="")
    line = (
        f"{cell.backbone}, {cell.cut} #{cell.repetition}, {cell.limit:,.6g}: random "
        f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
    )
    return f"{line}, {best} {cell.methods[best].score.miou:.4f}" if best else line


def _unconverged(cells: Iterable[Cell]) -> tuple[str, ...]:
    scores = [seed.score for cell in cells for seed in (*cell.random, *cell.methods.values())]
    missed = sum(not score.converged for score in scores)
    if not missed:
        return ()
    return (f"{missed} of {len(scores)} probes had not converged when their iterations ran out.",)
