"""Answer budgets with seeds and frontiers, and remember the answers."""

from enum import StrEnum
from threading import BoundedSemaphore

from app.access.signatures import media_url
from app.callbacks.egress import require_callable
from app.choosing.alike import RepresentedTask
from app.choosing.seeding import FrontierAnswer, SeedAnswer
from app.datasets import store as datasets
from app.errors import BusyError, NotFoundError
from app.exports import BUNDLES, LINKING, Exported, ExportError, export, require_format
from app.exports.media import MediaRules
from app.http.parameters import Preference
from app.metrics import Metrics
from app.operations.wire import Operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.pools import RequestContext, ready, signatures_of
from app.scenes.wire import Neighbor
from app.seeds import store
from app.seeds.exporting import exportable, require_permitted_scenes
from app.seeds.questions import await_end, read_request, recall, remember, submit
from app.seeds.wire import (
    Frontier,
    FrontierRequest,
    Represented,
    Seed,
    SeedPage,
    SeedRequest,
    SeedSummary,
)
from app.store import paging
from app.store.queue import JobQueue
from app.store.tables import FrontierRow, SeedRow
from features.files.paths import confined
from features.guarded.pool import ReadersBusyError


class Media(StrEnum):
    """How an export names a pool's files."""

    SOURCE = "source"
    """As the source does."""
    SIGNED = "signed"
    """By addresses of this service that another host may open for some days."""


class Seeds:
    """Use cases on seeds and frontiers.

    Parameters
    ----------
    context
        A transaction, which its opener commits. It is released while a solve runs.
    pool
        Where seeds are solved.
    queue
        Takes the solves that no request waits for.
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
        self,
        dataset_id: str,
        request: SeedRequest | FrontierRequest,
        preference: Preference,
        watch: Cancellation,
    ) -> Seed | Frontier | Operation:
        """Return the answer to a question, or the operation that will have it.

        The stored answer is returned where the question was asked before. Otherwise it is solved
        here, unless the caller prefers an operation, the solve may take longer than requests do, or
        a network has yet to look at the images of its hint.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            The dataset is not ready.
        BudgetError
            The budget does not pay for the cheapest scene.
        InvalidRequestError
            There is no such resource, scene or group, no choice keeps every rule, nesting is asked
            for where it is not known how, or the time limit is above the server's.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        require_callable(request.callback, self._context.settings)
        query = read_request(self._context, dataset_id, request)
        known = recall(self._context, query)
        if known is not None:
            if isinstance(known, Seed):
                self._metrics.recalled(known.status)
            return known
        is_long = request.time_limit_s > self._context.settings.max_wait_s
        is_new = query.hint is not None and not query.hint.is_described()
        if preference.respond_async or is_long or is_new:
            return submit(self._context, self._queue, query)
        self._session.commit()  # nothing is held while the solve runs
        answer: SeedAnswer | FrontierAnswer = self._pool.answer(query.task, watch)
        if isinstance(answer, SeedAnswer):
            result = answer.result
            self._metrics.solved(result.status.value, result.seconds, result.gap)
        return remember(self._context, query, answer)

    def awaited(
        self, answer: Seed | Frontier | Operation, preference: Preference, watch: Cancellation
    ) -> Seed | Frontier | Operation:
        """Return the answer of an operation where that is there in time, else the operation.

        The operation is committed first. Where too many requests wait already, this one does not:
        how long a caller would like to wait is a wish, and its operation is under way.

        Raises
        ------
        NotFoundError
            The dataset was deleted meanwhile.
        """
        if not isinstance(answer, Operation):
            return answer
        waits, pool = self._waits, self._pool
        state = await_end(self._context, pool, waits, answer, preference.wait_s, watch)
        if state.seed_id is not None:
            return self.get(state.seed_id)
        return state if state.frontier_id is None else self.get_frontier(state.frontier_id)

    def get(self, seed_id: str) -> Seed:
        """Return a seed.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return Seed.model_validate(store.get(self._session, SeedRow, seed_id).answer)

    def get_frontier(self, frontier_id: str) -> Frontier:
        """Return a frontier.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return Frontier.model_validate(store.get(self._session, FrontierRow, frontier_id).answer)

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
        rows = store.page(self._session, dataset_id, before=before, size=size + 1)
        more = len(rows) > size
        return SeedPage(
            items=tuple(SeedSummary.model_validate(summary) for _, summary in rows[:size]),
            next_page_token=paging.encode(listing, rows[size - 1][0]) if more else "",
        )

    def export(self, seed_id: str, format_name: str, media: Media = Media.SOURCE) -> Exported:
        """Return a seed as a download.

        Raises
        ------
        NotFoundError
            There is no such seed.
        app.exports.ExportError
            There is no such format, or it does not fit the dataset, or names no files to be signed;
            or it has the files of a scene that cannot be read, or are too large together.
        ConflictError
            Nobody said by which address others reach this server.
        BusyError
            Too many files are being read.
        """
        require_format(format_name)
        if media is Media.SIGNED and format_name not in LINKING:
            detail = f"Only {', '.join(LINKING)} say where files are; media=signed is for these."
            raise ExportError(detail)
        settings = self._context.settings
        seed = self.get(seed_id)
        if media is Media.SIGNED:
            signed = media_url(self._session, settings, seed.dataset_id)
            pooled = MediaRules().opened(exportable(self._session, seed), signed)
        elif format_name in BUNDLES:
            pooled = exportable(self._session, seed)
            require_permitted_scenes(pooled, settings)
        else:
            pooled = exportable(self._session, seed, settings)
        self._session.commit()  # nothing is held while images are read
        try:
            with confined(settings.file_roots):
                return export(pooled, format_name)
        except ReadersBusyError as error:
            raise BusyError(str(error)) from error

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
