"""The whole main job without a server: a source in, seeds out.

In steps, so that what can be refused is refused before the long one: `open_scenes` reads the
source, `OpenSource.prepare` its images, and `PreparedSource.select` chooses.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.choosing.budgets import AskedBudget, part_of
from app.choosing.constraints import ConstraintsFile, UsablePool, constraints_of
from app.choosing.duplicates import one_of_each
from app.choosing.objectives import require_objective
from app.choosing.question import Question
from app.choosing.seeding import SeedAnswer, make_seed, recall, remember
from app.errors import BudgetError, InfeasibleError, InvalidRequestError
from app.exports import ExportableSeed
from app.exports.seed import ExportScene
from app.seeds.scene_request import SceneRequest
from app.seeds.translate import SeedOrigin, to_wire
from app.seeds.wire import Budget
from features.errors import redacted
from features.pipeline import FeatureSettings, Prepared, prepare
from features.precomputed import prepare_precomputed
from features.prepared import Stage
from features.pseudo_tasks import PseudoTasks
from features.readers.scenes import open_source
from features.readers.vectors import read_vectors
from features.settings import AUTO
from features.sources.scenes import PoolScene, ScenePool
from solver.model.constraints import Constraints
from solver.model.errors import InvalidProblemError
from solver.model.options import SolverOptions
from solver.model.problem import SignatureProblem
from solver.model.result import StopReason
from solver.rules.explanation import explain
from solver.rules.feasibility import Verdict, is_possible

_log = logging.getLogger(__name__)
_DEFAULTS = FeatureSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A seed and all that went into it.

    Parameters
    ----------
    question, answer
        What was asked and answered.
    is_share
        Whether the budget was a share of what all scenes that can be chosen cost.
    exportable
        The seed as exporters take it; its summary is the JSON answer.
    """

    question: Question
    answer: SeedAnswer
    is_share: bool
    exportable: ExportableSeed

    @property
    def summary(self) -> dict[str, Any]:
        """The answer as JSON."""
        return dict(self.exportable.summary)


@dataclass(frozen=True, eq=False, slots=True)
class OpenSource:
    """A source whose files were read, but no image.

    Parameters
    ----------
    request
        What it was read for.
    pool
        Its scenes.
    stage
        What reading it cost.
    """

    request: SceneRequest
    pool: ScenePool
    stage: Stage

    def require_sense(self, budgets: Sequence[AskedBudget], rules: ConstraintsFile) -> None:
        """Refuse what no features could make possible, before they are computed.

        Raises
        ------
        BudgetError
            A budget does not pay for the cheapest scene.
        InfeasibleError
            No choice among all scenes keeps every rule, so none among the usable ones does.
        InvalidRequestError
            There is no such objective, scene, group or resource, rules contradict each other, or
            something is chosen about images where vectors take their place.
        """
        request, pool = self.request, self.pool
        require_objective(request.objective)
        self._require_fitting_vectors()
        usable = _usable(pool.resource, pool.scenes)
        constraints = _constraints(usable, rules)
        cheapest = min(pool.scenes, key=lambda scene: scene.costs[pool.resource])
        cost = cheapest.costs[pool.resource]
        for budget in budgets:
            if budget.limit is not None and budget.limit < cost and not rules.labelled:
                detail = (
                    f"The budget of {budget.limit:,.10g} is below the cheapest scene "
                    f"({cheapest.scene_id!r} costs {cost:,.10g})."
                )
                raise BudgetError(detail)
            if rules != ConstraintsFile():
                _require_possible(usable.resources[pool.resource], budget, constraints)

    def _require_fitting_vectors(self) -> None:
        request = self.request
        if request.vectors is None and request.vector_ids is not None:
            name = redacted(str(request.vector_ids))
            detail = f"{name} says whose vectors those of --vectors are; give both."
            raise InvalidRequestError(detail)
        chosen = replace(request.features, clusters=_DEFAULTS.clusters)
        if request.vectors is not None and chosen != _DEFAULTS:
            detail = (
                f"The vectors are those of {redacted(str(request.vectors))}, so no backbone, "
                "token or weights can be chosen, nor anything else of how images become vectors."
            )
            raise InvalidRequestError(detail)

    def prepare(
        self, cache: Path, progress: Callable[[int, int], None] | None = None
    ) -> "PreparedSource":
        """Compute the scenes' features, or take a file's; reuse whatever the cache has.

        Parameters
        ----------
        cache
            The folder of stored stages.
        progress
            Called with the number of images done and in all.

        Raises
        ------
        FeatureError
            The backbone or the vectors are unusable, or no image can be read.
        InvalidRequestError
            An image cannot be read, and the request is strict.
        """
        request, pool = self.request, self.pool
        if request.vectors is None:
            features = request.features
            if features.token == AUTO:
                token = require_objective(request.objective).token
                features = replace(features, token=token)
            prepared = prepare(pool, features, cache, progress)
        else:
            ids = tuple(scene.scene_id for scene in pool.scenes)
            vectors = read_vectors(request.vectors, ids, request.vector_ids)
            prepared = prepare_precomputed(pool, vectors, request.features.clusters, cache)
        if request.strict:
            _require_all_readable(prepared)
        by_id = {scene.scene_id: scene for scene in pool.scenes}
        scenes = [by_id[scene_id] for scene_id in prepared.signatures.scene_ids]
        return PreparedSource(self, prepared, _usable(pool.resource, scenes), cache)


def open_scenes(request: SceneRequest) -> OpenSource:
    """Read a source's files.

    Raises
    ------
    SourceError
        The source is unusable.
    """
    started = time.perf_counter()
    pool = open_source(request.kind, request.root, request.options)
    stage = Stage("source", len(pool.scenes), 0, time.perf_counter() - started)
    return OpenSource(request, pool, stage)


def _usable(resource: str, scenes: Sequence[PoolScene]) -> UsablePool:
    """Return scenes as constraints and budgets see them."""
    shared = set.intersection(*(set(scene.costs) for scene in scenes)) if scenes else set()
    return UsablePool(
        tuple(scene.scene_id for scene in scenes),
        {name: np.array([scene.costs[name] for scene in scenes]) for name in {resource, *shared}},
        tuple(scene.group for scene in scenes),
    )


def _constraints(usable: UsablePool, rules: ConstraintsFile) -> Constraints:
    try:
        return constraints_of(usable, rules, rules.side_budgets)
    except InvalidProblemError as error:
        detail = f"constraints: {error}"
        raise InvalidRequestError(detail, "#/constraints") from error


def _require_possible(
    costs: NDArray[np.float64], budget: AskedBudget, constraints: Constraints
) -> None:
    """Refuse rules that no choice keeps, whatever the scenes look like."""
    n = len(costs)
    problem = SignatureProblem(
        weights=np.ones(n),
        vectors=np.zeros((n, 1)),
        costs=costs,
        budget=budget.within(math.fsum(costs)),
        constraints=constraints,
    )
    if is_possible(problem) is Verdict.NO:
        raise InfeasibleError(explain(problem).sentence, "#/constraints")


def _require_all_readable(prepared: Prepared) -> None:
    for failure in prepared.failures:
        detail = f"{redacted(failure.uri)} (scene {failure.scene_id!r}): {failure.reason}"
        raise InvalidRequestError(detail)
    for scene in prepared.left_out:
        detail = f"Scene {scene.scene_id!r} cannot be used: {scene.reason}"
        raise InvalidRequestError(detail)


@dataclass(frozen=True, eq=False, slots=True)
class PreparedSource:
    """A source that seeds can be chosen from, one after the other.

    Parameters
    ----------
    source
        As it was read.
    prepared
        Its features.
    usable
        The scenes that have any.
    cache
        The folder of stored stages.
    hint
        Tasks that labelled images taught, where there are any.
    """

    source: OpenSource
    prepared: Prepared
    usable: UsablePool
    cache: Path
    hint: PseudoTasks | None = None

    def question(
        self, budget: AskedBudget, rules: ConstraintsFile, options: SolverOptions
    ) -> Question:
        """Return what is asked for one budget.

        Raises
        ------
        InvalidRequestError
            A rule is about a scene, a group or a resource that there is not.
        """
        costs = self.usable.resources[self.source.pool.resource]
        return Question(
            signatures=self.prepared.signatures,
            costs=costs,
            budget=budget.within(math.fsum(costs)),
            objective=require_objective(self.source.request.objective).name,
            options=options,
            constraints=self._constraints(rules),
            index=self.prepared.index,
            tasks=self.prepared.tasks,
            hint=self.hint,
        )

    def _constraints(self, rules: ConstraintsFile) -> Constraints:
        """Return the rules with the groups of near duplicates, which only features tell."""
        asked, threshold = _constraints(self.usable, rules), rules.one_of_each_duplicate
        if threshold is None:
            return asked
        return one_of_each(asked, self.prepared.index, threshold, self.usable.ids)

    def select(
        self, budget: AskedBudget, rules: ConstraintsFile, options: SolverOptions
    ) -> Selection:
        """Choose a seed for one budget.

        Raises
        ------
        AppError
            The question cannot be answered: see `app.choosing.seeding.make_seed`.
        """
        question = self.question(budget, rules, options)
        answer, solving = _answer(question, self.cache)
        stages = (self.source.stage, *self.prepared.stages, solving)
        origin = self._origin(question, rules)
        summary = self._summary(answer, origin) | {"stages": [asdict(stage) for stage in stages]}
        return Selection(
            question=question,
            answer=answer,
            is_share=budget.fraction is not None,
            exportable=self._exportable(answer, summary),
        )

    def _exportable(self, answer: SeedAnswer, summary: dict[str, Any]) -> ExportableSeed:
        pool = self.source.pool
        return ExportableSeed(
            kind=pool.kind,
            resource=pool.resource,
            scenes=tuple(
                ExportScene(
                    scene_id=scene.scene_id,
                    cost=scene.costs[pool.resource],
                    group=scene.group,
                    images=scene.images,
                    regions=scene.regions,
                    pointcloud=scene.pointcloud,
                    external_ids=scene.external_ids,
                    meta=scene.meta,
                )
                for scene in pool.scenes
            ),
            chosen=tuple(scene.scene_id for scene in answer.scenes),
            summary=summary,
        )

    def _origin(self, question: Question, rules: ConstraintsFile) -> SeedOrigin:
        pool, prepared = self.source.pool, self.prepared
        total = math.fsum(question.costs)
        fraction = part_of(question.budget, total)
        return SeedOrigin(
            dataset_id=prepared.key,  # a local pool has no other name than its content
            budget=Budget(limit=question.budget, resource=pool.resource, fraction=fraction),
            options=question.options,
            constraints=rules,
            side_budgets=rules.side_budgets,
            provenance={
                "dataset_key": prepared.key,
                "backbone": prepared.backbone,
                "weights_id": prepared.weights_id,
                "precision": prepared.precision,
                "token": prepared.token,
                "clusters": prepared.clusters,
                "sparsify": None if prepared.sparsify is None else asdict(prepared.sparsify),
            },
            group_of=self.usable.group_of,
        )

    def _summary(self, answer: SeedAnswer, origin: SeedOrigin) -> dict[str, Any]:
        """Return the seed as the API gives it, and what only a local run can tell."""
        pool, prepared = self.source.pool, self.prepared
        return to_wire(answer, origin).model_dump(mode="json") | {
            "source": {"kind": pool.kind, "cost_origin": pool.cost_origin},
            "scene_count": len(pool.scenes),
            "usable_scene_count": len(prepared.signatures.scene_ids),
            "left_out": [asdict(scene) for scene in prepared.left_out],
            "sparsified": [scene.scene_id for scene in prepared.sparsified],
            "image_failures": [asdict(failure) for failure in prepared.failures],
            "notes": [*pool.notes, *prepared.notes],
        }


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
