"""The extraction of a dataset, in steps that may each be run again.

Every step asks the operation's row whether it is still wanted, and writes what it did there. So a
cancelled or deleted operation ends at the next step, and a failed one says why. What a step
computes lies in files named by their content (`features.pipeline`); running it twice changes
nothing.

The names in a source decide whether it is refused as a whole. Where a name leads is looked at here,
when the images are about to be read: an image that a link leads out of the permitted folders is
left unread and reported, as at the shell.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Final, Self

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker

from app.access.files import STRAY, permitted, require_permitted_images
from app.datasets import scenes, translate
from app.datasets import store as datasets
from app.datasets.source_reports import located, read_source
from app.datasets.wire import FeatureRequest
from app.errors import AppError, SourceRefusedError
from app.operations import store as operations
from app.operations.service import fail
from app.operations.wire import OperationStatus
from app.settings import Settings
from app.store.artifacts import Artifacts
from app.store.sessions import ProjectSession
from app.store.tables import DatasetRow
from app.wire import DatasetStatus
from features.errors import FeatureError, VectorsError
from features.extraction.reading import left_out
from features.index import index_path
from features.pipeline import Preparation
from features.precomputed import prepare_precomputed
from features.prepared import Prepared
from features.pseudo_tasks import tasks_path
from features.readers.vectors import read_vectors
from features.sources.scenes import Image, PoolScene, ScenePool, UnreadableImage


@dataclass(frozen=True, slots=True)
class ForbiddenImages:
    """A pool without the images that stray.

    Parameters
    ----------
    pool
        What may be read.
    scenes
        The scenes that have such an image, as they were.
    failures
        The images that stray, by scene.
    """

    pool: ScenePool
    scenes: Mapping[str, PoolScene]
    failures: Mapping[str, tuple[UnreadableImage, ...]]

    @classmethod
    def set_aside(cls, pool: ScenePool, settings: Settings) -> Self:
        """Look where each image of a pool leads.

        Raises
        ------
        SourceRefusedError
            Not a single image may be read; names the first.
        """
        kept: list[PoolScene] = []
        scenes: dict[str, PoolScene] = {}
        failures: dict[str, tuple[UnreadableImage, ...]] = {}
        refusal: SourceRefusedError | None = None
        for scene in pool.scenes:
            images: list[Image] = []
            for image in scene.images:
                try:
                    permitted(image.uri, settings)
                except SourceRefusedError as error:
                    refusal = refusal or error
                    failure = UnreadableImage(scene.scene_id, image.uri, STRAY)
                    failures[scene.scene_id] = (*failures.get(scene.scene_id, ()), failure)
                else:
                    images.append(image)
            if scene.scene_id in failures:
                scenes[scene.scene_id] = scene
                kept.append(replace(scene, images=tuple(images)))
            else:
                kept.append(scene)
        if refusal is not None and not any(scene.images for scene in kept):
            raise refusal
        return cls(replace(pool, scenes=tuple(kept)), scenes, failures)

    def reported(self, prepared: Prepared) -> Prepared:
        """Return what was made of the pool, with the images that stray among the failures."""
        if not self.failures:
            return prepared
        strays = tuple(failure for found in self.failures.values() for failure in found)
        failures = (*prepared.failures, *strays)
        by_scene: dict[str, list[UnreadableImage]] = {name: [] for name in self.scenes}
        for failure in failures:
            if failure.scene_id in by_scene:
                by_scene[failure.scene_id].append(failure)
        without = tuple(
            left_out(self.scenes[scene.scene_id], by_scene[scene.scene_id])
            if scene.scene_id in self.scenes
            else scene
            for scene in prepared.left_out
        )
        return replace(prepared, failures=failures, left_out=without)


_VECTORS: Final = Path("vectors")
"""What an uploaded file is called to its owner."""

_log = structlog.get_logger(__name__)


class ExtractionOutcome(StrEnum):
    """What a step leaves to be done."""

    MORE = "more"
    """The next step follows."""
    DONE = "done"
    """That was the last group."""
    STOPPED = "stopped"
    """The operation has ended: it failed, was cancelled, or was deleted with its dataset."""


class ExtractionJob:
    """One attempt at one extraction.

    Parameters
    ----------
    settings
        Where features are kept and what may be read.
    sessions
        Makes transactions; each step uses its own.
    operation_id, dataset_id
        What is to be done.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[ProjectSession],
        operation_id: str,
        dataset_id: str,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._operation_id = operation_id
        self._dataset_id = dataset_id
        self._artifacts = Artifacts(settings.data_dir, settings.artifacts_url)

    def read_source(self) -> ExtractionOutcome:
        """Read the source's scenes into the table, unless they are there already."""
        return self._guarded(self._read_source)

    def extract_group(self, number: int) -> ExtractionOutcome:
        """Compute the vectors of one group of scenes."""
        return self._guarded(lambda: self._extract_group(number))

    def finish(self) -> ExtractionOutcome:
        """Make the signatures and call the dataset ready."""
        return self._guarded(self._finish)

    def close(self) -> None:
        """Give up what was begun for steps that do not follow."""
        if "_preparation" in self.__dict__:
            self._preparation.close()

    def _guarded(self, step: Callable[[], ExtractionOutcome]) -> ExtractionOutcome:
        """Run a step; what goes wrong ends the operation, unless the database is to blame.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            The database failed: the step is worth trying again.
        """
        try:
            return step()
        except DBAPIError:
            raise
        except (FeatureError, AppError) as error:
            reason = str(error)
        except Exception:  # noqa: BLE001  whatever it is, the operation must say that it ended
            _log.exception("extraction failed", operation_id=self._operation_id)
            reason = "Something unexpected ended the extraction; the worker's log has the reason."
        fail(self._sessions, self._operation_id, reason)
        return ExtractionOutcome.STOPPED

    def _read_source(self) -> ExtractionOutcome:
        with self._sessions.begin() as session:
            if not operations.start(session, self._operation_id):
                return ExtractionOutcome.STOPPED
            dataset = datasets.get(session, self._dataset_id)
            dataset.status = DatasetStatus.EXTRACTING
            known = dataset.scene_count is not None
        if known:
            return ExtractionOutcome.MORE
        pool = self._open(dataset)
        with self._sessions.begin() as session:
            dataset = datasets.get(session, self._dataset_id)
            translate.describe_pool(dataset, pool)
            scenes.add(session, scenes.to_records(dataset.id, pool.scenes))
        return ExtractionOutcome.MORE

    def _open(self, dataset: DatasetRow) -> ScenePool:
        """Read the source as the request named it, under this worker's own permitted folders."""
        root, options = located(dataset.source, dataset.resource, self._settings)
        pool = read_source(dataset.source["kind"], root, options, self._settings)
        require_permitted_images(pool, self._settings)
        return pool

    def _pool(self) -> tuple[ScenePool, FeatureRequest]:
        with self._sessions.begin() as session:
            dataset = datasets.get(session, self._dataset_id)
            pool = scenes.to_pool(dataset, scenes.every(session, self._dataset_id))
        return pool, FeatureRequest(**dataset.features)

    @cached_property
    def _uploaded(self) -> Path | None:
        """The file of vectors that takes the place of images, if there is one."""
        with self._sessions.begin() as session:
            request = operations.get(session, self._operation_id).request
        if request is None:
            return None
        path: Path = self._settings.uploads_dir / request["vectors"]
        return self._artifacts.fetch_content(path)

    @cached_property
    def _strays(self) -> ForbiddenImages:
        return ForbiddenImages.set_aside(self._pool()[0], self._settings)

    @cached_property
    def _preparation(self) -> Preparation:
        with self._sessions.begin() as session:
            request = FeatureRequest(**datasets.get(session, self._dataset_id).features)
        chosen = translate.feature_settings(request, self._settings)
        return Preparation(self._strays.pool, chosen, self._settings.cache_dir)

    def _extract_group(self, number: int) -> ExtractionOutcome:
        if self._uploaded is not None:
            return ExtractionOutcome.DONE
        if not self._advance(number):
            return ExtractionOutcome.STOPPED
        if self._is_over(number):  # a pool may have no image at all
            return ExtractionOutcome.DONE
        self._preparation.run_group(number)
        if not self._advance(number + 1):
            return ExtractionOutcome.STOPPED
        return ExtractionOutcome.DONE if self._is_over(number + 1) else ExtractionOutcome.MORE

    def _is_over(self, number: int) -> bool:
        """Tell whether no group has this number, or a later one."""
        done, total = self._preparation.outlook(number)
        return done == total

    def _advance(self, number: int) -> bool:
        """Tell how many images are done before a group begins; false where that is not wanted."""
        done, total = self._preparation.outlook(number)
        with self._sessions.begin() as session:
            return operations.advance(session, self._operation_id, done=done, total=total)

    def _prepared(self) -> Prepared:
        if self._uploaded is None:
            return self._strays.reported(self._preparation.finish())
        pool, request = self._pool()
        ids = tuple(scene.scene_id for scene in pool.scenes)
        try:
            vectors = read_vectors(self._uploaded, ids)
        except VectorsError as error:
            raise VectorsError(str(error).replace(str(self._uploaded), _VECTORS.name)) from error
        vectors = replace(vectors, path=_VECTORS)  # nobody needs to know where they are kept
        return prepare_precomputed(pool, vectors, request.clusters, self._settings.cache_dir)

    def _finish(self) -> ExtractionOutcome:
        prepared = self._prepared()
        signatures = self._settings.signatures_dir / f"{prepared.key}.npz"
        beside = (index_path(signatures), tasks_path(signatures))
        self._artifacts.publish((signatures, *filter(Path.exists, beside)))
        absent = (*prepared.left_out, *prepared.sparsified)
        left_out = {scene.scene_id: scene.reason for scene in absent}
        with self._sessions.begin() as session:
            if not operations.end(session, self._operation_id, OperationStatus.SUCCEEDED):
                return ExtractionOutcome.STOPPED
            dataset = datasets.get(session, self._dataset_id)
            scenes.mark(session, self._dataset_id, left_out)
            usable = scenes.usable(session, self._dataset_id)
            costs = [scene.costs[str(dataset.resource)] for scene in usable]
            translate.describe_features(dataset, prepared, costs)
        return ExtractionOutcome.DONE
