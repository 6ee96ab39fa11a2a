"""Samples of Segments.ai: what one shows, what its metadata says, what its label means."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from app.exports.label_studio import RANK, SCENE, SEED
from app.exports.seed import ExportableSeed, ExportScene
from app.labels.wire import LabelEvent, LabelState
from app.platforms.seam import PlatformError, RemoteTask, moment

NAME: Final = "Segments.ai"
ITEM: Final = "sample"

_DATASET: Final = "seedal_dataset"
_CLOUD, _SEQUENCE, _MANY_SENSORS = "pointcloud", "-sequence", "multisensor"
_LABELLED: Final = frozenset({"LABELED", "REVIEWED", "REVIEWING_IN_PROGRESS", "VERIFIED"})
_SKIPPED: Final = "SKIPPED"
_UNTOUCHED: Final = frozenset({None, "UNLABELED", "PRELABELED"})
_CLOUDS: Final = (
    (".pcd.bin", "nuscenes"),
    (".pcd", "pcd"),
    (".bin", "kitti"),
    (".ply", "ply"),
    (".las", "las"),
)
"""Types of point clouds by the ending of their names."""


def shows_one_image(kind: str) -> bool:
    """Tell whether samples of a dataset show a single image."""
    return bool(kind) and not kind.startswith(_CLOUD) and not kind.endswith(_SEQUENCE)


def attributes(scene: ExportScene, kind: str) -> dict[str, Any]:
    """Return what a new sample shows.

    Parameters
    ----------
    scene
        The scene.
    kind
        The dataset's type of task, which says what samples show; empty where it has none.

    Raises
    ------
    PlatformError
        The scene does not have what the dataset shows.
    """
    if kind.startswith(_MANY_SENSORS):
        rule = "A push makes no samples of several sensors; it orders those that are there."
        raise PlatformError(rule)
    if kind.startswith(_CLOUD) or (not kind and scene.pointcloud is not None):
        shown = _cloud(scene)
        return {"frames": [shown]} if kind.endswith(_SEQUENCE) else shown
    if not scene.images:
        rule = "The dataset shows images, and the scene has none."
        raise PlatformError(rule)
    frames = [{"image": {"url": image.uri}} for image in scene.images]
    return {"frames": frames} if kind.endswith(_SEQUENCE) else frames[0]


def sample_events(
    source: str, scene_id: str, task: RemoteTask, labelset: str
) -> Iterator[LabelEvent]:
    """Yield what a sample says of its scene: it is queued; and what its label says.

    A label has a reference of its own. So one that is deleted takes back what it said, and the
    sample is queued as before.
    """
    ref = f"{ITEM}:{task.id}"
    yield LabelEvent(
        scene_id=scene_id,
        state=LabelState.QUEUED,
        source=source,
        ref=ref,
        at=task.created_at,
    )
    status = task.data["status"]
    if status in _UNTOUCHED:
        return
    state = LabelState.LABELLED if status in _LABELLED else LabelState.QUEUED
    yield LabelEvent(
        scene_id=scene_id,
        state=LabelState.SKIPPED if status == _SKIPPED else state,
        source=source,
        ref=f"{ref}/label:{labelset}",
        at=task.data["updated"],
    )


def sample(row: Mapping[str, Any]) -> RemoteTask:
    """Return a sample as a push and a sync see it."""
    said = row.get("metadata") or {}
    label = row.get("label") or {}
    status = str(label["label_status"]).upper() if label.get("label_status") else None
    seed, dataset = said.get(SEED), said.get(_DATASET)
    return RemoteTask(
        id=str(row["uuid"]),
        data={
            "name": row["name"],
            SCENE: said.get(SCENE, row["name"]),
            "files": list(_urls(row.get("attributes"))),
            "metadata": said,
            "priority": float(row.get("priority") or 0),
            "status": status,
            "updated": moment(label.get("updated_at")),
        },
        seed_id=seed if isinstance(seed, str) else None,
        dataset_id=dataset if isinstance(dataset, str) else None,
        is_labelled=status in _LABELLED,
        created_at=moment(row.get("created_at")),
        has_annotations=status not in _UNTOUCHED,
    )


def _urls(attributes: object) -> Iterator[str]:
    """Yield the URLs of all that a sample shows."""
    if isinstance(attributes, Mapping):
        for name, value in attributes.items():
            if name == "url" and isinstance(value, str):
                yield value
            else:
                yield from _urls(value)
    elif isinstance(attributes, list):
        for value in attributes:
            yield from _urls(value)


def waits(task: RemoteTask) -> bool:
    """Tell whether annotators may still be served a sample."""
    return task.data["status"] not in _LABELLED | {_SKIPPED}


def metadata(seed: ExportableSeed, scene: ExportScene, place: int) -> dict[str, Any]:
    """Return what a sample's metadata says of a seed.

    Parameters
    ----------
    seed, scene
        The seed, and a chosen scene of it.
    place
        How many are before it.
    """
    said = {SEED: seed.summary["id"], SCENE: scene.scene_id, RANK: place + 1}
    dataset = seed.summary["dataset_id"]
    return said if dataset is None else {**said, _DATASET: dataset}


def _cloud(scene: ExportScene) -> dict[str, Any]:
    if scene.pointcloud is None:
        rule = "The dataset shows point clouds, and the scene has none."
        raise PlatformError(rule)
    name = PurePosixPath(unquote(urlsplit(scene.pointcloud).path)).name.lower()
    kind = next((kind for ending, kind in _CLOUDS if name.endswith(ending)), None)
    if kind is None:
        endings = ", ".join(ending for ending, _ in _CLOUDS)
        rule = f"{NAME} opens point clouds that end in {endings}; {name!r} does not."
        raise PlatformError(rule)
    often = Counter(image.sensor for image in scene.images)
    images = [
        {"url": image.uri}
        | ({"name": image.sensor} if image.sensor and often[image.sensor] == 1 else {})
        for image in scene.images
    ]
    cloud: dict[str, Any] = {"pcd": {"url": scene.pointcloud, "type": kind}}
    return {**cloud, "images": images} if images else cloud
