"""The whole main job without a server: a source in, a seed out."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.choosing.budgets import BudgetAsked
from app.choosing.objectives import require_objective
from app.choosing.seed_cache import recall, remember
from app.choosing.seeding import SeedAnswer, SeedQuestion, chosen_scenes, make_seed, missed_scenes
from app.choosing.summary import summarise
from app.errors import BudgetError, InvalidRequestError
from app.exports import ExportableSeed
from app.exports.seed import ExportScene
from features.errors import redacted
from features.pipeline import FeatureSettings, Prepared, prepare
from features.precomputed import prepare_precomputed
from features.prepared import Stage
from features.settings import AUTO
from features.sources import SourceOptions, open_source
from features.sources.scenes import ScenePool
from features.vectors import read_vectors
from solver.model.result import StopReason
from solver.solve import STRATEGIES

_log = logging.getLogger(__name__)

_ASKED = ("objective", "strategy", "time_limit_s", "gap", "random_seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRequest:
    """What `seedal select` was asked.

    Parameters
    ----------
    kind, root, options
        The source; `kind` is None where it is to be detected.
    features
        How images become signatures.
    vectors, vector_ids
        A file of vectors that takes the place of images, and where the file does not say whose they
        are, a file of scene ids; see `features.vectors.read_vectors`.
    budget
        An amount, or a part of what all scenes that can be chosen cost.
    objective, strategy, time_limit_s, gap, random_seed
        As in `app.choosing.seeding.SeedQuestion`.
    strict
        End with an error at the first image that cannot be read, instead of going on without it.
    """

    kind: str | None
    root: str
    budget: BudgetAsked
    options: SourceOptions = field(default_factory=SourceOptions)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    vectors: Path | None = None
    vector_ids: Path | None = None
    objective: str = "seedal"
    strategy: str = "auto"
    time_limit_s: float = 10.0
    gap: float = 0.0
    random_seed: int = 0
    strict: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A seed and all that went into it.

    Parameters
    ----------
    pool, prepared, answer
        What each step produced.
    stages
        What each step cost, and what was reused.
    is_share
        Whether the budget was a share of what all scenes that can be chosen cost.
    exportable
        The seed as exporters take it; its summary is the JSON answer.
    """

    pool: ScenePool
    prepared: Prepared
    answer: SeedAnswer
    stages: tuple[Stage, ...]
    is_share: bool
    exportable: ExportableSeed

    @property
    def summary(self) -> dict[str, Any]:
        """The answer as JSON."""
        return dict(self.exportable.summary)


_DEFAULTS = FeatureSettings()


def _require_sense(request: SelectionRequest, pool: ScenePool) -> None:
    """Refuse what no features could make possible, before they are computed."""
    if request.strategy not in STRATEGIES:
        detail = f"There is no strategy {request.strategy!r}; they are {', '.join(STRATEGIES)}."
        raise InvalidRequestError(detail)
    require_objective(request.objective)
    if not (request.gap >= 0 and request.time_limit_s >= 0):  # NaN, too
        detail = (
            "A gap is at least 0 and a time limit at least 0 seconds, "
            f"not {request.gap:g} and {request.time_limit_s:g}."
        )
        raise InvalidRequestError(detail)
    cheapest = min(pool.scenes, key=lambda scene: scene.costs[pool.resource])
    cost = cheapest.costs[pool.resource]
    if not request.budget.is_fraction and request.budget.amount < cost:
        detail = (
            f"The budget of {request.budget.amount:,.10g} is below the cheapest scene "
            f"({cheapest.scene_id!r} costs {cost:,.10g})."
        )
        raise BudgetError(detail)


def _prepare(
    request: SelectionRequest,
    pool: ScenePool,
    cache: Path,
    progress: Callable[[int, int], None] | None,
) -> Prepared:
    """Get the pool's signatures from a file of vectors where there is one, else from images."""
    features = request.features
    if request.vectors is None and features.token == AUTO:
        features = replace(features, token=require_objective(request.objective).token)
    if request.vectors is None:
        if request.vector_ids is not None:
            name = redacted(str(request.vector_ids))
            detail = f"{name} says whose vectors those of --vectors are; give both."
            raise InvalidRequestError(detail)
        return prepare(pool, features, cache, progress)
    if replace(features, clusters=_DEFAULTS.clusters) != _DEFAULTS:
        detail = (
            f"The vectors are those of {redacted(str(request.vectors))}, so no backbone, token or "
            "weights can be chosen, nor anything else of how images become vectors."
        )
        raise InvalidRequestError(detail)
    ids = tuple(scene.scene_id for scene in pool.scenes)
    vectors = read_vectors(request.vectors, ids, request.vector_ids)
    return prepare_precomputed(pool, vectors, features.clusters, cache)


def _question(request: SelectionRequest, pool: ScenePool, prepared: Prepared) -> SeedQuestion:
    by_id = {scene.scene_id: scene.costs[pool.resource] for scene in pool.scenes}
    signatures = prepared.signatures
    costs = np.array([by_id[scene_id] for scene_id in signatures.scene_ids])
    return SeedQuestion(
        scene_ids=signatures.scene_ids,
        costs=costs,
        weights=signatures.weights,
        vectors=signatures.vectors,
        parts=signatures.parts,
        index=prepared.index,
        budget=request.budget.limit(math.fsum(costs)),
        objective=request.objective,
        strategy=request.strategy,
        time_limit_s=request.time_limit_s,
        gap=request.gap,
        random_seed=request.random_seed,
    )


def _require_all_readable(prepared: Prepared) -> None:
    for failure in prepared.failures:
        detail = f"{redacted(failure.uri)} (scene {failure.scene_id!r}): {failure.reason}"
        raise InvalidRequestError(detail)
    for scene in prepared.left_out:
        detail = f"Scene {scene.scene_id!r} cannot be used: {scene.reason}"
        raise InvalidRequestError(detail)


def _answer(question: SeedQuestion, cache: Path) -> tuple[SeedAnswer, Stage]:
    started = time.perf_counter()
    known = recall(cache, question)
    answer = known or make_seed(question)
    if known is None and answer.result.stop_reason is not StopReason.TIME_LIMIT:
        # One that time cut short may be better another time.
        try:
            remember(cache, question, answer)
        except OSError as error:
            _log.warning("the answer is not kept for another time: %s", error)
    count = len(question.scene_ids)
    computed, reused = (count, 0) if known is None else (0, count)
    return answer, Stage("seed", computed, reused, time.perf_counter() - started)


def select(
    request: SelectionRequest, cache: Path, progress: Callable[[int, int], None] | None = None
) -> Selection:
    """Read a source, compute its features, and choose a seed; reuse whatever the cache has.

    Parameters
    ----------
    request
        What is asked.
    cache
        The folder of stored stages.
    progress
        Called with the number of images done and in all.

    Raises
    ------
    FeatureError
        When the source, the backbone or the vectors are unusable.
    AppError
        When the question cannot be answered: see `app.choosing.seeding.make_seed`.
    """
    started = time.perf_counter()
    pool = open_source(request.kind, request.root, request.options)
    reading = Stage("source", len(pool.scenes), 0, time.perf_counter() - started)
    _require_sense(request, pool)
    prepared = _prepare(request, pool, cache, progress)
    if request.strict:
        _require_all_readable(prepared)
    question = _question(request, pool, prepared)
    answer, solving = _answer(question, cache)
    stages = (reading, *prepared.stages, solving)
    groups = {scene.scene_id: scene.group for scene in pool.scenes}
    exportable = ExportableSeed(
        kind=pool.kind,
        resource=pool.resource,
        scenes=tuple(
            ExportScene(
                scene_id=scene.scene_id,
                cost=scene.costs[pool.resource],
                group=scene.group,
                images=tuple(image.uri for image in scene.images),
                regions=scene.regions,
            )
            for scene in pool.scenes
        ),
        chosen=tuple(scene.scene_id for scene in answer.scenes),
        summary=summarise(
            pool,
            prepared,
            answer.result,
            chosen_scenes(answer, groups),
            asked={name: getattr(request, name) for name in _ASKED},
            stages=stages,
            near_misses=missed_scenes(answer, groups),
        ),
    )
    return Selection(
        pool=pool,
        prepared=prepared,
        answer=answer,
        stages=stages,
        is_share=request.budget.is_fraction,
        exportable=exportable,
    )
