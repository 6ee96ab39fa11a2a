"""Register, show and delete datasets."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from api_schemas.datasets import (
    Dataset,
    DatasetPage,
    DatasetRequest,
    FolderSource,
    InlineScene,
    InlineSource,
    ManifestSource,
    RegisteredDataset,
)
from app.errors import InvalidRequestError
from app.services.callbacks import require_callable
from app.settings import Settings
from app.store import datasets, paging, scenes
from app.store.queue import JobQueue
from app.store.tables import DatasetRow
from app.translate import datasets as translate
from app.translate import operations as translate_operation
from app.translate import scenes as translate_scenes
from app.translate.access import permitted, permitted_path, require_permitted_images
from features.errors import FeatureError, SourceError
from features.sources import SourceOptions

_LISTING = "datasets"


class Datasets:
    """Use cases on datasets, within one transaction.

    Parameters
    ----------
    session
        The transaction; whoever opened it commits.
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
        try:
            translate.feature_settings(request.features)
        except FeatureError as error:
            raise InvalidRequestError(str(error), "#/features") from error
        require_callable(request.callback, self._settings)
        row = translate.new_dataset(request)
        self._session.add(row)
        self._session.flush()
        match request.source:
            case ManifestSource(uri=uri):
                permitted(uri, self._settings, "#/source/uri")
            case FolderSource(root=root, images_root=images_root, scene_from=scene_from):
                _check_rule(scene_from)
                permitted_path(root, self._settings, "#/source/root")
                if images_root is not None:
                    permitted_path(images_root, self._settings, "#/source/images_root")
            case InlineSource(scenes=inline):
                self._store_inline(row, inline)
        operation = translate_operation.new_extraction(row.id, request.callback)
        self._session.add(operation)
        self._queue.enqueue_extraction(self._session, operation.id, row.id)
        return RegisteredDataset(
            dataset=translate.to_wire(row), operation=translate_operation.to_wire(operation)
        )

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
        try:
            pool = translate_scenes.inline_pool(inline, row.resource)
        except SourceError as error:
            raise InvalidRequestError(str(error), "#/source/scenes") from error
        require_permitted_images(pool, self._settings)
        translate.describe_pool(row, pool)
        scenes.add(self._session, translate_scenes.to_records(row.id, pool.scenes))


def _check_rule(scene_from: str | None) -> None:
    try:
        SourceOptions(scene_from=scene_from)
    except SourceError as error:
        raise InvalidRequestError(str(error), "#/source/scene_from") from error
