"""Show scenes, with small pictures of their images and points of their clouds."""

from dataclasses import asdict

import numpy as np
from sqlalchemy.orm import Session

from app.access.files import permitted
from app.choosing.alike import DuplicatesTask, NeighborsTask
from app.choosing.duplicates import Duplicates
from app.datasets import scenes
from app.datasets import store as datasets
from app.errors import (
    BusyError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    SourceRefusedError,
)
from app.processes.child import Cancellation
from app.processes.pool import SolvePool
from app.scenes.pools import ready, signatures_of
from app.scenes.wire import (
    NearDuplicateGroup,
    NearDuplicates,
    Neighbor,
    Neighbors,
    PointCloud,
    Scene,
    SceneImage,
    ScenePage,
)
from app.settings import Settings
from app.store import paging
from app.store.tables import SceneRow
from features.errors import AbsentError, ImageError, SourceError, StorageError
from features.guarded.pool import ReadersBusyError
from features.readers.clouds import read_cloud
from features.readers.previews import thumbnail


def show_cloud(scene_id: str, name: str, most: int) -> PointCloud:
    """Return up to `most` points of a file, the same ones every time.

    Parameters
    ----------
    scene_id
        Whose points.
    name
        The file, which may be read.
    most
        How many, at least 1.

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidRequestError
        It cannot be read, is too large, or breaks the rules of its kind; names the scene.
    BusyError
        Too many files are being read.
    """
    try:
        cloud = read_cloud(name, most)
    except AbsentError as error:
        raise NotFoundError(kind="point cloud of scene", name=scene_id) from error
    except ReadersBusyError as error:
        raise BusyError(str(error)) from error
    except (SourceError, StorageError) as error:
        why = error.rule if isinstance(error, SourceError) else f"cannot be read: {error.reason}"
        rule = f"The point cloud of scene {scene_id!r} {why}."
        raise InvalidRequestError(rule) from error
    x, y, z = (np.round(cloud.points, 3) + 0.0).T.tolist()
    colours = cloud.colors
    return PointCloud(
        scene_id=scene_id,
        total=cloud.total,
        x=x,
        y=y,
        z=z,
        colors=None if colours is None else tuple(f"#{row.tobytes().hex()}" for row in colours),
        intensity=None if cloud.intensity is None else np.round(cloud.intensity, 4).tolist(),
    )


class SceneService:
    """Use cases on the scenes of a dataset, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    settings
        Says what may be read.
    pool
        Where scenes are compared.
    """

    def __init__(self, session: Session, settings: Settings, pool: SolvePool) -> None:
        self._session = session
        self._settings = settings
        self._pool = pool

    def page(self, dataset_id: str, page_size: int | None, page_token: str | None) -> ScenePage:
        """Return a page of scenes in the source's order.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        InvalidRequestError
            The size is negative or the token was not given out for this dataset.
        """
        size = paging.clamp(page_size)
        after = paging.decode_number(dataset_id, page_token) if page_token else -1
        datasets.get(self._session, dataset_id)
        rows = scenes.page(self._session, dataset_id, after=after, size=size + 1)
        more = len(rows) > size
        return ScenePage(
            items=tuple(_to_wire(row) for row in rows[:size]),
            next_page_token=paging.encode(dataset_id, rows[size - 1].position) if more else "",
        )

    def get(self, dataset_id: str, scene_id: str) -> Scene:
        """Return a scene.

        Raises
        ------
        NotFoundError
            There is no such dataset, or no such scene in it.
        """
        datasets.get(self._session, dataset_id)
        return _to_wire(scenes.get(self._session, dataset_id, scene_id))

    def neighbors(self, dataset_id: str, scene_id: str, k: int) -> Neighbors:
        """Return the scenes that look most like one.

        Raises
        ------
        NotFoundError
            There is no such dataset or scene.
        ConflictError
            The dataset is not ready, or the scene has no features.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        dataset = ready(self._session, dataset_id)
        scene = scenes.get(self._session, dataset_id, scene_id)
        if not scene.usable:
            rule = f"Scene {scene_id!r} has no features: {scene.left_out_reason}"
            raise ConflictError(rule)
        task = NeighborsTask(
            signatures=signatures_of(self._settings, dataset), scene_id=scene_id, k=k
        )
        self._session.commit()  # nothing is held while they are compared
        found: list[tuple[str, float]] = self._pool.answer(task)
        return Neighbors(
            scene_id=scene_id,
            items=tuple(Neighbor(scene_id=name, similarity=alike) for name, alike in found),
        )

    def duplicates(
        self,
        dataset_id: str,
        threshold: float,
        page: tuple[int | None, str | None],
        watch: Cancellation,
    ) -> NearDuplicates:
        """Return a page of groups of near duplicates, the largest first.

        Parameters
        ----------
        dataset_id
            Whose scenes.
        threshold
            Least cosine of a pair, from 0.9 to 1.
        page
            Its size and token.
        watch
            Whether somebody still waits.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            The dataset is not ready, or was made by an earlier version and is too large.
        InvalidRequestError
            The size is negative or the token was not given out for this listing.
        BusyError, SolveCrashedError, SolveCancelledError
            See `app.processes.pool.SolvePool.answer`.
        """
        listing = f"duplicates of {dataset_id} at {threshold!r}"
        size, token = paging.clamp(page[0]), page[1]
        start = paging.decode_number(listing, token) if token else 0
        task = DuplicatesTask(
            signatures=signatures_of(self._settings, ready(self._session, dataset_id)),
            threshold=threshold,
            start=start,
            count=size,
        )
        self._session.commit()  # nothing is held while they are read
        found: Duplicates = self._pool.answer(task, watch)
        more = found.group_count > start + size
        return NearDuplicates(
            threshold=threshold,
            next_page_token=paging.encode(listing, start + size) if more else "",
            group_count=found.group_count,
            scene_count=found.scene_count,
            recall=found.recall,
            items=tuple(NearDuplicateGroup.model_validate(asdict(g)) for g in found.groups),
        )

    def thumbnail(self, dataset_id: str, scene_id: str, number: int | None, side: int) -> bytes:
        """Return a small picture of a scene, a JPEG.

        Parameters
        ----------
        dataset_id, scene_id
            Whose picture.
        number
            Which of the scene's images, from 0; None for the first that can be read.
        side
            Longest side in pixels, at most.

        Raises
        ------
        NotFoundError
            There is no such dataset, scene or image, or none that can be read.
        SourceRefusedError
            The server's permitted folders do not hold it, and no other can be read.
        BusyError
            Too many files are being read.
        """
        images = self.get(dataset_id, scene_id).images
        self._session.commit()  # nothing is held while the image is decoded
        refusal: SourceRefusedError | None = None
        for image in images if number is None else images[number : number + 1]:
            try:
                return thumbnail(permitted(image.uri, self._settings), side)
            except SourceRefusedError as error:
                refusal = refusal or error
            except ReadersBusyError as error:
                raise BusyError(str(error)) from error
            except ImageError:
                continue
        if refusal is not None:
            raise refusal
        which = "" if number is None else f" {number}"
        raise NotFoundError(kind=f"readable image{which} of scene", name=scene_id)

    def point_cloud(self, dataset_id: str, scene_id: str, most: int) -> PointCloud:
        """Return up to `most` points of a scene, evenly spread.

        Raises
        ------
        NotFoundError
            There is no such dataset or scene, or it has no point cloud.
        InvalidRequestError
            The server may not read it, or cannot.
        BusyError
            Too many files are being read.
        """
        name = self.get(dataset_id, scene_id).pointcloud
        if name is None:
            raise NotFoundError(kind="point cloud of scene", name=scene_id)
        self._session.commit()  # nothing is held while the file is read
        return show_cloud(scene_id, permitted(name, self._settings), most)


def _to_wire(row: SceneRow) -> Scene:
    """Return a scene as the API shows it."""
    return Scene(
        scene_id=row.scene_id,
        position=row.position,
        costs=row.costs,
        group=row.group_name,
        images=tuple(SceneImage(**image) for image in row.images),
        pointcloud=row.pointcloud,
        region_count=None if row.regions is None else len(row.regions),
        usable=row.usable,
        left_out_reason=row.left_out_reason,
        external_ids=row.external_ids,
        meta=row.meta,
    )
