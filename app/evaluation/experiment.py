"""The experiment: cut, choose, label, train, score, for every backbone, cut and budget.

Trainings run one a core, each on one thread. A product of matrices gives other last digits on two
threads than on one, and trainings are too small to gain from a second.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from app.choosing.objectives import FeatureToken
from app.choosing.question import Question
from app.errors import InvalidRequestError
from app.evaluation.arena import Arena
from app.evaluation.campaign import Campaign
from app.evaluation.hinted import Hinted, Teachers
from app.evaluation.methods import RANDOM, Choice, Method, find_methods, random_choice
from app.evaluation.outcome import Cell, Evaluation, EvaluationOutcome
from app.evaluation.plan import ComparisonPlan, Draw, draw_scenes
from app.labelled.folder import LabelledPool
from features.backbones import Identity, identify, resolve_backbone
from features.pipeline import prepare
from features.prepared import Prepared
from features.settings import AUTO, FeatureSettings
from solver.model.options import SolverOptions


@dataclass(frozen=True, slots=True)
class Chosen:
    """The seeds of one comparison, before anything is trained.

    Parameters
    ----------
    random
        In order, each with the number that it was drawn with.
    methods
        By name: the seed of each start, with its number.
    """

    random: tuple[tuple[Choice, int], ...]
    methods: Mapping[str, tuple[tuple[Choice, int], ...]]


def choose(
    plan: ComparisonPlan,
    draw: Draw,
    questions: Mapping[str, Question],
    methods: Mapping[str, Method],
) -> Chosen:
    """Choose one seed after the other.

    Parameters
    ----------
    plan
        How many random seeds, and which rounds follow.
    draw
        The scenes.
    questions
        What each method is asked, by its name, and under ``random`` what random seeds are; all
        with the same budget.
    methods
        By name.
    """
    first = plan.first_random_seed(draw.repetition)
    numbers = range(first, first + plan.random)
    return Chosen(
        random=tuple((random_choice(questions[RANDOM], number), number) for number in numbers),
        methods={
            name: tuple(
                (method(_started(questions[name], start)), first + start)
                for start in range(plan.starts if method.seeded else 1)
            )
            for name, method in methods.items()
        },
    )


def _started(question: Question, start: int) -> Question:
    seed = question.options.random_seed + start
    return replace(question, options=replace(question.options, random_seed=seed))


def judge(
    arena: Arena, plan: ComparisonPlan, draw: Draw, limit: float, chosen: Chosen
) -> tuple[tuple[EvaluationOutcome, ...], dict[str, tuple[EvaluationOutcome, ...]]]:
    """Train and score side by side.

    Parameters
    ----------
    arena
        Where probes are trained and scored.
    plan
        Which rounds follow.
    draw
        The scenes.
    limit
        The budget of each round.
    chosen
        The seeds.

    Returns
    -------
    tuple
        Of the random seeds, in order, and of the methods, by name.
    """
    price = draw.price
    campaign = Campaign(arena, draw.scenes, price, limit, plan.rounds)

    def outcome(task: tuple[Choice, int]) -> EvaluationOutcome:
        choice, random_seed = task
        acquisitions = plan.acquisitions if plan.rounds else ()
        return EvaluationOutcome(
            choice=choice,
            cost=math.fsum(price[scene] for scene in choice.scenes),
            score=arena.score(stem for scene in choice.scenes for stem in draw.scenes[scene]),
            courses={
                acquisition: campaign.run(choice.scenes, acquisition, random_seed)
                for acquisition in acquisitions
            },
        )

    tasks = [*chosen.random, *chain.from_iterable(chosen.methods.values())]
    found = iter(side_by_side(outcome, tasks))
    randoms = tuple(islice(found, len(chosen.random)))
    return randoms, {
        name: tuple(islice(found, len(starts))) for name, starts in chosen.methods.items()
    }


Progress = Callable[[int, int], None]
"""Called with the number of images whose features are done, and of all."""

Say = Callable[[str], None]
"""Called with a sentence about what is going on."""


def evaluate(
    pool: LabelledPool,
    plan: ComparisonPlan,
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
    draws = draw_scenes(pool, plan)
    identities, judging, notes = _identify(plan)
    cells: list[Cell] = []
    for identity in identities:
        arenas = {
            model.name: Arena(pool, model, cache / "maps", plan.features.compute, progress)
            for model in (identity, *judging)
        }
        teachers = Teachers(pool, identity, plan.features.compute)
        for draw in draws:
            methods = find_methods(
                plan.objectives,
                plan.baselines,
                pool.classes,
                partial(Hinted, teachers=teachers, scenes=draw.scenes),
            )
            described = _describe(pool, plan, identity, draw, methods, cache, progress)
            notes += [note for prepared in described.values() for note in prepared.notes]
            for cell in _cells(arenas, plan, identity.name, draw, described, methods):
                cells.append(cell)
                say(_line(cell))
    return Evaluation(
        dataset=pool.name,
        classes=pool.class_names,
        train=len(pool.train),
        test=len(pool.test),
        plan=plan,
        cells=tuple(cells),
        notes=tuple(dict.fromkeys((*pool.notes, *notes, *_unconverged(cells)))),
    )


def _identify(plan: ComparisonPlan) -> tuple[list[Identity], list[Identity], list[str]]:
    """Return the backbones, each once, the second first model's, and what to know of them.

    All before one computes.

    Raises
    ------
    InvalidRequestError
        The second first model is the first.
    """
    asked = [replace(plan.features, backbone=name) for name in plan.backbones]
    found = list(map(_found, asked))
    notes = [note for _, said in found for note in said]
    identities = list(dict.fromkeys(identity for identity, _ in found))
    if plan.first_model is None:
        return identities, [], notes
    judging, said = _found(plan.first_model)
    if judging.name in {identity.name for identity in identities}:
        message = f"--first-model {judging.name}: it judges anyway, for it is in --backbone."
        raise InvalidRequestError(message)
    return identities, [judging], [*notes, *said]


def _found(settings: FeatureSettings) -> tuple[Identity, tuple[str, ...]]:
    name, said = resolve_backbone(settings.backbone, weights=settings.weights)
    weights, sha256 = settings.weights, settings.weights_sha256
    return identify(name, weights=weights, weights_sha256=sha256), said


def _describe(
    pool: LabelledPool,
    plan: ComparisonPlan,
    identity: Identity,
    draw: Draw,
    methods: Mapping[str, Method],
    cache: Path,
    progress: Progress | None,
) -> dict[str, Prepared]:
    """Return the scenes as each method sees them, and as random seeds do, by name."""
    features = replace(plan.features, backbone=identity.name, clusters=pool.classes)
    source = draw.source(pool, plan.cost)
    tokens = _tokens(plan, methods)
    prepared = {
        token: prepare(source, replace(features, token=token), cache, progress)
        for token in dict.fromkeys(tokens.values())
    }
    return {name: prepared[token] for name, token in tokens.items()}


def _tokens(plan: ComparisonPlan, methods: Mapping[str, Method]) -> dict[str, FeatureToken]:
    """Return which vectors each method sees: the user's choice, or else its own."""
    if plan.features.token != AUTO:
        return dict.fromkeys((RANDOM, *methods), plan.features.token)
    tokens: dict[str, FeatureToken] = {RANDOM: AUTO}
    return tokens | {name: method.token for name, method in methods.items()}


def _cells(
    arenas: Mapping[str, Arena],
    plan: ComparisonPlan,
    backbone: str,
    draw: Draw,
    described: Mapping[str, Prepared],
    methods: Mapping[str, Method],
) -> Iterable[Cell]:
    """Compare the methods on one draw, budget by budget, by each first model."""
    for budget in plan.budgets:
        limit = budget.within(draw.total)
        questions = {
            name: _question(plan, draw, limit, prepared) for name, prepared in described.items()
        }
        chosen = choose(plan, draw, questions, methods)
        for first_model, arena in arenas.items():
            random, outcomes = judge(arena, plan, draw, limit, chosen)
            yield Cell(
                backbone=backbone,
                first_model=first_model,
                cut=draw.cut.spec,
                repetition=draw.repetition,
                budget=budget,
                limit=limit,
                total=draw.total,
                scenes=len(draw.scenes),
                images=sum(map(len, draw.scenes.values())),
                random=random,
                methods=outcomes,
            )


def _question(plan: ComparisonPlan, draw: Draw, limit: float, prepared: Prepared) -> Question:
    signatures, price = prepared.signatures, draw.price
    return Question(
        signatures=signatures,
        tasks=prepared.tasks,
        costs=np.array([price[scene] for scene in signatures.scene_ids]),
        budget=limit,
        options=SolverOptions(time_limit_s=plan.time_limit_s, random_seed=plan.random_seed),
    )


def _line(cell: Cell) -> str:
    values = [seed.score.miou for seed in cell.random]
    line = (
        f"{cell.first_model}, {cell.cut} #{cell.repetition}, {cell.limit:,.6g}: random "
        f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f})"
    )
    if not cell.methods:
        return line
    best = max(cell.methods, key=cell.miou)
    return f"{line}, {best} {cell.miou(best):.4f}"


def _unconverged(cells: Iterable[Cell]) -> tuple[str, ...]:
    scores = [seed.score for cell in cells for seed in cell.seeds]
    missed = sum(not score.converged for score in scores)
    if not missed:
        return ()
    return (f"{missed} of {len(scores)} probes had not converged when their iterations ran out.",)


_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(work: Callable[[_Task], _Result], tasks: Iterable[_Task]) -> list[_Result]:
    """Return what a function makes of tasks, in order; numpy's products use one thread each."""
    with threadpool_limits(limits=1), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, tasks))
