"""Register, show and delete datasets."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.access.files import require_permitted_images
from app.callbacks.egress import require_callable
from app.datasets import scenes, translate
from app.datasets import store as datasets
from app.datasets.source_reports import ReportTask, located, new_mistakes, report
from app.datasets.uploads import VectorsTask
from app.datasets.validation_wire import SourceReport, ValidationRequest
from app.datasets.wire import (
    Dataset,
    DatasetPage,
    DatasetRequest,
    FeatureRequest,
    InlineScene,
    InlineSource,
    RegisteredDataset,
)
from app.errors import ConflictError, InvalidRequestError
from app.operations import store as operations
from app.operations import translate as translate_operation
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.settings import Settings
from app.store import paging
from app.store.queue import JobQueue
from app.store.tables import DatasetRow
from app.wire import DatasetStatus
from features.errors import FeatureError, SourceError
from features.files.paths import confined
from features.settings import PRECOMPUTED
from features.sources import SourceOptions
from features.sources.scenes import ScenePool

_LISTING = "datasets"


class Datasets:
    """Use cases on datasets, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    queue
        Where extractions are handed to.
    settings
        Says what may be read.
    """

    def __init__(self, session: Session, queue: JobQueue, settings: Settings) -> None:
        self._session = session
        self._queue = queue
        self._settings = settings

    def register(self, request: DatasetRequest) -> RegisteredDataset:
        """Accept a dataset and hand its extraction to the workers.

        Raises
        ------
        SourceRefusedError
            The source lies where this server may not read.
        InvalidRequestError
            There is no such backbone, an inline scene breaks a rule, or ``scene_from`` is none.
        """
        _check_features(request.features)
        require_callable(request.callback, self._settings)
        row = translate.new_dataset(request)
        self._session.add(row)
        self._session.flush()
        if isinstance(request.source, InlineSource):
            self._store_inline(row, request.source.scenes)
        else:
            located(row.source, request.resource, self._settings)
        operation = translate_operation.new_operation(
            translate_operation.EXTRACTION, row.id, request.callback
        )
        self._session.add(operation)
        if request.features.backbone == PRECOMPUTED:
            row.status = DatasetStatus.AWAITING_VECTORS
            self._session.flush()
        else:
            self._queue.enqueue_extraction(self._session, operation.id, row.id)
        return RegisteredDataset(
            dataset=translate.to_wire(row), operation=translate_operation.to_wire(operation)
        )

    def require_awaiting(self, dataset_id: str) -> None:
        """Refuse vectors before they are sent.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            It takes no vectors.
        """
        row = datasets.get(self._session, dataset_id)
        if row.features["backbone"] != PRECOMPUTED:
            rule = (
                f"Dataset {dataset_id!r} has vectors of its images; only one that was registered "
                f"with the backbone {PRECOMPUTED!r} takes others."
            )
            raise ConflictError(rule)
        self._session.commit()  # nothing is held while they arrive,
        self._session.expire_all()  # and nothing is taken for granted afterwards

    def attach_vectors(self, dataset_id: str, name: str, pool: SolvePool) -> RegisteredDataset:
        """Give a dataset the vectors that were uploaded for it, and hand it to the workers.

        The same vectors again change nothing. Where the scenes are known already, every vector is
        checked now; else the worker does it.

        Parameters
        ----------
        dataset_id
            Which dataset.
        name
            Of the file in the settings' folder of uploads.
        pool
            Where files are read.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            It has other vectors already.
        InvalidRequestError
            A vector breaks a rule; its row is named.
        """
        self.require_awaiting(dataset_id)
        known = scenes.every(self._session, dataset_id)
        if known:
            ids = tuple(scene.scene_id for scene in known)
            self._session.commit()  # nothing is held while the file is read
            pool.answer(VectorsTask(path=self._settings.uploads_dir / name, scene_ids=ids))
        is_first = datasets.move(
            self._session, dataset_id, DatasetStatus.AWAITING_VECTORS, DatasetStatus.REGISTERED
        )
        self._session.expire_all()
        row = datasets.get(self._session, dataset_id)
        operation = operations.extraction_of(self._session, dataset_id)
        if is_first:
            operation.request = {"vectors": name}
            self._queue.enqueue_extraction(self._session, operation.id, row.id)
        elif (operation.request or {}).get("vectors") != name:
            state = "has its vectors already" if operation.request else "awaits vectors no longer"
            rule = f"Dataset {dataset_id!r} {state}; register it anew for others."
            raise ConflictError(rule)
        return RegisteredDataset(
            dataset=translate.to_wire(row), operation=translate_operation.to_wire(operation)
        )

    def report(
        self, request: ValidationRequest, pool: SolvePool, watch: Cancellation
    ) -> SourceReport:
        """Look at a source without registering it.

        Raises
        ------
        SourceRefusedError
            The source lies where this server may not read.
        InvalidRequestError
            The features or the source's options break a rule.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        _check_features(request.features)
        if isinstance(request.source, InlineSource):
            mistakes = new_mistakes()
            options = SourceOptions(
                resource=request.resource, refuse=mistakes.refuse, go_on=mistakes.go_on
            )
            given = request.source.scenes
            self._session.commit()  # nothing is held while images are looked for
            with confined(self._settings.file_roots):
                return report(
                    "inline",
                    lambda: scenes.inline_pool(given, options),
                    mistakes,
                    self._settings,
                )
        source = request.source.model_dump(mode="json")
        root, options = located(source, request.resource, self._settings)
        task = ReportTask(
            kind=request.source.kind, root=str(root), options=options, settings=self._settings
        )
        self._session.commit()  # nothing is held while the source is read
        answer: SourceReport = pool.answer(task, watch)
        return answer

    def get(self, dataset_id: str) -> Dataset:
        """Return a dataset.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        return translate.to_wire(datasets.get(self._session, dataset_id))

    def page(self, page_size: int | None, page_token: str | None) -> DatasetPage:
        """Return a page of datasets, newest first.

        Raises
        ------
        InvalidRequestError
            The size is negative or the token was not given out here.
        """
        size = paging.clamp(page_size)
        before = paging.decode_name(_LISTING, page_token) if page_token else None
        rows = datasets.page(self._session, before=before, size=size + 1)
        more = len(rows) > size
        return DatasetPage(
            items=tuple(translate.to_wire(row) for row in rows[:size]),
            next_page_token=paging.encode(_LISTING, rows[size - 1].id) if more else "",
        )

    def remove(self, dataset_id: str) -> None:
        """Delete a dataset with all that belongs to it; a running extraction ends.

        Raises
        ------
        NotFoundError
            There is none of this id.
        """
        datasets.remove(self._session, dataset_id)

    def _store_inline(self, row: DatasetRow, inline: Sequence[InlineScene]) -> None:
        """Check and store scenes that came with the request, so that mistakes are told at once."""
        with confined(self._settings.file_roots):
            pool = self._read_inline(inline, row.resource)
        require_permitted_images(pool, self._settings)
        translate.describe_pool(row, pool)
        scenes.add(self._session, scenes.to_records(row.id, pool.scenes))

    @staticmethod
    def _read_inline(inline: Sequence[InlineScene], resource: str | None) -> ScenePool:
        try:
            return scenes.inline_pool(inline, SourceOptions(resource=resource))
        except SourceError as error:
            raise InvalidRequestError(str(error), "#/source/scenes") from error


def _check_features(request: FeatureRequest) -> None:
    plain = FeatureRequest(backbone=request.backbone, clusters=request.clusters)
    if request.backbone == PRECOMPUTED:
        if request != plain:
            rule = "Vectors that are uploaded are taken as they are: no token, no sparsification."
            raise InvalidRequestError(rule, "#/features")
        return
    try:
        translate.feature_settings(request)
    except FeatureError as error:
        raise InvalidRequestError(str(error), "#/features") from error
