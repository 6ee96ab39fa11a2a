"""Answer budgets with seeds, and remember the answers."""

from threading import BoundedSemaphore
from typing import Any

from sqlalchemy.exc import IntegrityError

from app.callbacks.service import require_callable
from app.choosing.alike import RepresentedTask
from app.choosing.baselines import reports
from app.choosing.seeding import SeedAnswer, chosen_scenes, missed_scenes
from app.choosing.tasks import CertificateTask, ProblemTask
from app.datasets import store as datasets
from app.errors import NotFoundError, SolveCancelledError
from app.exports import Exported, export, require_format
from app.http.preferences import Preference
from app.metrics import Metrics
from app.operations.wire import Operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes import store as scenes
from app.scenes.wire import Neighbor
from app.seeds import store as seeds
from app.seeds.exporting import exportable
from app.seeds.questions import RequestContext, SeedQuery, ask_again, ask_seed, ready, signatures_of
from app.seeds.submission import await_end, submit
from app.seeds.translate import to_row, to_wire
from app.seeds.wire import Represented, Seed, SeedPage, SeedRequest, SeedSummary
from app.store import paging
from app.store.queue import JobQueue


class Seeds:
    """Use cases on seeds.

    Parameters
    ----------
    context
        A transaction; whoever opened it commits. It is let go of while a solve runs.
    pool
        Where seeds are solved.
    queue
        Where solves are handed to that nobody waits for.
    metrics
        Counts answers.
    waits
        How many requests may wait for operations at once; each has a thread meanwhile.
    """

    def __init__(
        self,
        context: RequestContext,
        pool: SolvePool,
        queue: JobQueue,
        metrics: Metrics,
        waits: BoundedSemaphore,
    ) -> None:
        self._context = context
        self._session = context.session
        self._pool = pool
        self._queue = queue
        self._metrics = metrics
        self._waits = waits

    def create(
        self, dataset_id: str, request: SeedRequest, preference: Preference, watch: Cancellation
    ) -> Seed | Operation:
        """Return the seed for a budget, or the operation that will have it.

        The stored seed is returned where the question was asked before. Otherwise it is solved
        here, unless the caller prefers an operation or the solve may take longer than requests do.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            The dataset is not ready.
        BudgetError
            The budget does not pay for the cheapest scene.
        InvalidRequestError
            There is no such resource, scene or group, no choice keeps every rule, or the time
            limit is above the server's.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        require_callable(request.callback, self._context.settings)
        question = ask_seed(self._context, dataset_id, request)
        known = seeds.answered(self._session, dataset_id, question.digest)
        if known is not None:
            seed = Seed.model_validate(known.answer)
            self._metrics.recalled(seed.status)
            return seed
        if preference.respond_async or request.time_limit_s > self._context.settings.max_wait_s:
            return submit(self._context, self._queue, dataset_id, request)
        self._session.commit()  # nothing is held while the solve runs
        answer: SeedAnswer = self._pool.answer(question.task, watch)
        result = answer.result
        self._metrics.solved(result.status.value, result.seconds, result.gap)
        return remember(self._context, question, request, answer)

    def awaited(
        self, answer: Seed | Operation, preference: Preference, watch: Cancellation
    ) -> Seed | Operation:
        """Return the seed of an operation where that is there in time, else the operation.

        The operation is committed first. Where too many requests wait already, this one does not:
        how long a caller would like to wait is a wish, and its operation is under way.

        Raises
        ------
        NotFoundError
            The dataset was deleted meanwhile.
        """
        if isinstance(answer, Seed):
            return answer
        waits, pool = self._waits, self._pool
        state = await_end(self._context, pool, waits, answer, preference.wait_s, watch)
        return state if state.seed_id is None else self.get(state.seed_id)

    def get(self, seed_id: str) -> Seed:
        """Return a seed.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return Seed.model_validate(seeds.get(self._session, seed_id).answer)

    def page(self, dataset_id: str, page_size: int | None, page_token: str | None) -> SeedPage:
        """Return a page of a dataset's seeds, newest first, without their scenes.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        InvalidRequestError
            The size is negative or the token was not given out for this listing.
        """
        listing = f"seeds of {dataset_id}"
        size = paging.clamp(page_size)
        before = paging.decode_name(listing, page_token) if page_token else None
        datasets.get(self._session, dataset_id)
        rows = seeds.page(self._session, dataset_id, before=before, size=size + 1)
        more = len(rows) > size
        return SeedPage(
            items=tuple(SeedSummary.model_validate(summary) for _, summary in rows[:size]),
            next_page_token=paging.encode(listing, rows[size - 1][0]) if more else "",
        )

    def export(self, seed_id: str, format_name: str) -> Exported:
        """Return a seed as a download.

        Raises
        ------
        NotFoundError
            There is no such seed.
        app.exports.ExportError
            There is no such format, or it does not fit the dataset.
        """
        require_format(format_name)
        seed = self.get(seed_id)
        pool = scenes.every(self._session, seed.dataset_id)
        dataset = datasets.get(self._session, seed.dataset_id)  # still there, so they are all
        pooled = exportable(dataset, pool, seed, self._context.settings)
        self._session.commit()  # nothing is held while images are read
        return export(pooled, format_name)

    def represented(self, seed_id: str, scene_id: str, k: int, watch: Cancellation) -> Represented:
        """Return the scenes that one of a seed's stands for, up to `k` of them.

        Raises
        ------
        NotFoundError
            There is no such seed, or the scene is none of it.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        seed = self.get(seed_id)
        chosen = tuple(scene.scene_id for scene in seed.scenes)
        if scene_id not in chosen:
            raise NotFoundError(kind="scene of this seed", name=scene_id)
        task = RepresentedTask(
            signatures=signatures_of(self._context.settings, ready(self._session, seed.dataset_id)),
            chosen=chosen,
            labelled=seed.constraints.labelled,
            scene_id=scene_id,
        )
        self._session.commit()  # nothing is held while they are compared
        found: list[tuple[str, float]] = self._pool.answer(task, watch)
        items = tuple(Neighbor(scene_id=name, similarity=alike) for name, alike in found[:k])
        return Represented(scene_id=scene_id, total=len(found), items=items)

    def certificate(self, seed_id: str, watch: Cancellation) -> dict[str, Any]:
        """Return the proof of a seed as the JSON that ``seedal verify`` checks.

        Raises
        ------
        NotFoundError
            There is no such seed.
        InvalidRequestError
            Its objective is none that proofs are made for.
        """
        seed = self.get(seed_id)
        task = CertificateTask(
            seed=ask_again(self._context, seed).task,
            selected=tuple(scene.scene_id for scene in seed.scenes),
            upper_bound=seed.objective if seed.upper_bound is None else seed.upper_bound,
        )
        self._session.commit()
        proof: dict[str, Any] = self._pool.answer(task, watch)
        return proof

    def problem(self, seed_id: str, watch: Cancellation) -> bytes:
        """Return the ``.npz`` that the certificate of a seed is about; raises as `certificate`."""
        task = ProblemTask(seed=ask_again(self._context, self.get(seed_id)).task)
        self._session.commit()
        file: bytes = self._pool.answer(task, watch)
        return file


def remember(
    context: RequestContext, question: SeedQuery, request: SeedRequest, answer: SeedAnswer
) -> Seed:
    """Store an answer; where another request answered the same question first, return its seed.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    SolveCancelledError
        It is no answer: the solve was stopped.
    """
    if answer.result.stop_reason.value == "cancelled":
        rule = "The solve was stopped before it had an answer."
        raise SolveCancelledError(rule)
    named = [scene.scene_id for scene in answer.scenes]
    named += [scene.scene_id for scene in answer.near_misses]
    groups = {name: question.pool.group_of(name) for name in named}
    seed = to_wire(
        answer.result,
        chosen_scenes(answer, groups),
        dataset_id=question.dataset.id,
        budget=question.budget(question.task.budget),
        asked=request.model_dump(
            include={"objective", "strategy", "time_limit_s", "gap", "random_seed"}
        ),
        provenance=question.provenance,
        beside={
            "baselines": reports(answer.baselines),
            "near_misses": tuple(missed_scenes(answer, groups)),
        },
        rules={"constraints": request.constraints, "side_budgets": request.side_budgets},
    )
    session = context.session
    datasets.get(session, seed.dataset_id)
    first = seeds.answered(session, seed.dataset_id, question.digest)
    if first is not None:
        return Seed.model_validate(first.answer)
    session.add(to_row(seed, question.digest))
    try:
        session.flush()
    except IntegrityError:
        session.rollback()
        datasets.get(session, seed.dataset_id)  # deleted meanwhile: not found
        first = seeds.answered(session, seed.dataset_id, question.digest)
        if first is None:
            raise
        return Seed.model_validate(first.answer)
    return seed
