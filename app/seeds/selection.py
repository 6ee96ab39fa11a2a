"""The whole main job without a server: a source in, a seed out."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.choosing.budgets import AskedBudget
from app.choosing.constraints import (
    ConstraintsFile,
    UsablePool,
    constraints_of,
)
from app.choosing.objectives import require_objective
from app.choosing.question import Question
from app.choosing.seeding import SeedAnswer, make_seed, recall, remember
from app.errors import BudgetError, InvalidRequestError
from app.exports import ExportableSeed
from app.exports.seed import ExportScene
from app.seeds.translate import SeedOrigin, to_wire
from app.seeds.wire import Budget
from features.pipeline import FeatureSettings, Prepared, prepare
from features.prepared import Stage
from features.settings import AUTO
from features.sources import SourceOptions, open_source
from features.sources.scenes import ScenePool
from features.storage.redaction import redacted
from features.vectors import read_vectors
from features.vectors.precomputed import prepare_precomputed
from solver.model.options import SolverOptions
from solver.model.result import StopReason

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionRequest:
    """What `seedal select` was asked.

    Parameters
    ----------
    kind, root, source
        The source; `kind` is None where it is to be detected.
    features
        How images become signatures.
    vectors, vector_ids
        A file of vectors that takes the place of images, and where the file does not say whose they
        are, a file of scene ids; see `features.vectors.read_vectors`.
    budget
        An amount, or a part of what all scenes that can be chosen cost.
    objective, options, baselines
        As in `app.choosing.question.Question`.
    rules
        What else is to be kept.
    strict
        End with an error at the first image that cannot be read, instead of going on without it.
    """

    kind: str | None
    root: str
    budget: AskedBudget
    source: SourceOptions = field(default_factory=SourceOptions)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    vectors: Path | None = None
    vector_ids: Path | None = None
    objective: str = "seedal"
    options: SolverOptions = field(default_factory=SolverOptions)
    rules: ConstraintsFile = field(default_factory=ConstraintsFile)
    baselines: tuple[str, ...] = ()
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
    require_objective(request.objective)
    cheapest = min(pool.scenes, key=lambda scene: scene.costs[pool.resource])
    cost = cheapest.costs[pool.resource]
    limit = request.budget.limit
    if limit is not None and limit < cost and not request.rules.labelled:
        detail = (
            f"The budget of {limit:,.10g} is below the cheapest scene "
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


def _usable(pool: ScenePool, prepared: Prepared) -> UsablePool:
    """Return the scenes that have signatures."""
    by_id = {scene.scene_id: scene for scene in pool.scenes}
    scenes = [by_id[scene_id] for scene_id in prepared.signatures.scene_ids]
    shared = set.intersection(*(set(scene.costs) for scene in scenes)) if scenes else set()
    return UsablePool(
        prepared.signatures.scene_ids,
        {
            name: np.array([scene.costs[name] for scene in scenes])
            for name in {pool.resource, *shared}
        },
        tuple(scene.group for scene in scenes),
    )


def _question(
    request: SelectionRequest, prepared: Prepared, usable: UsablePool, resource: str
) -> Question:
    costs = usable.resources[resource]
    return Question(
        signatures=prepared.signatures,
        costs=costs,
        budget=request.budget.within(math.fsum(costs)),
        objective=request.objective,
        options=request.options,
        constraints=constraints_of(usable, request.rules, request.rules.side_budgets),
        baselines=request.baselines,
    )


def _require_all_readable(prepared: Prepared) -> None:
    for failure in prepared.failures:
        detail = f"{redacted(failure.uri)} (scene {failure.scene_id!r}): {failure.reason}"
        raise InvalidRequestError(detail)
    for scene in prepared.left_out:
        detail = f"Scene {scene.scene_id!r} cannot be used: {scene.reason}"
        raise InvalidRequestError(detail)


def _answer(question: Question, cache: Path) -> tuple[SeedAnswer, Stage]:
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
    pool = open_source(request.kind, request.root, request.source)
    reading = Stage("source", len(pool.scenes), 0, time.perf_counter() - started)
    _require_sense(request, pool)
    prepared = _prepare(request, pool, cache, progress)
    if request.strict:
        _require_all_readable(prepared)
    usable = _usable(pool, prepared)
    question = _question(request, prepared, usable, pool.resource)
    answer, solving = _answer(question, cache)
    stages = (reading, *prepared.stages, solving)
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
        summary=_summary(pool, prepared, answer, _origin(request, pool, prepared, usable, question))
        | {"stages": [asdict(stage) for stage in stages]},
    )
    return Selection(
        pool=pool,
        prepared=prepared,
        answer=answer,
        stages=stages,
        is_share=request.budget.fraction is not None,
        exportable=exportable,
    )


def _origin(
    request: SelectionRequest,
    pool: ScenePool,
    prepared: Prepared,
    usable: UsablePool,
    question: Question,
) -> SeedOrigin:
    total = math.fsum(question.costs)
    fraction = question.budget / total if total else 1.0
    return SeedOrigin(
        dataset_id=prepared.key,  # a local pool has no other name than its content
        budget=Budget(limit=question.budget, resource=pool.resource, fraction=fraction),
        objective=request.objective,
        options=request.options,
        constraints=request.rules,
        side_budgets=request.rules.side_budgets,
        provenance={
            "dataset_key": prepared.key,
            "backbone": prepared.backbone,
            "weights_id": prepared.weights_id,
            "precision": prepared.precision,
            "token": prepared.token,
            "clusters": prepared.clusters,
            "sparsify": None if prepared.sparsify is None else asdict(prepared.sparsify),
        },
        group_of=usable.group_of,
    )


def _summary(
    pool: ScenePool, prepared: Prepared, answer: SeedAnswer, origin: SeedOrigin
) -> dict[str, Any]:
    """Return the seed as the API gives it, and what only a local run can tell."""
    return to_wire(answer, origin).model_dump(mode="json") | {
        "source": {"kind": pool.kind, "cost_origin": pool.cost_origin},
        "scene_count": len(pool.scenes),
        "usable_scene_count": len(prepared.signatures.scene_ids),
        "left_out": [asdict(scene) for scene in prepared.left_out],
        "sparsified": [scene.scene_id for scene in prepared.sparsified],
        "image_failures": [asdict(failure) for failure in prepared.failures],
        "notes": [*pool.notes, *prepared.notes],
    }
