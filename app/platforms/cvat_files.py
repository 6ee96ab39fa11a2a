"""Which files make a scene's job in CVAT, and which scene a job shows by the names of its files.

A task of CVAT has its files from one place: a cloud storage, the share of its server, or the web.
What it was seen to take there (docs/integrations/cvat.md):

- ``job_file_mapping`` lists the files of each job, and is the order of the jobs. CVAT refuses a
  ``sorting_method`` beside it.
- In a storage and on the share a file goes by its key or path. Of the web CVAT keeps the last part
  of the URL alone, so two files of one task may not share it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import unquote

from app.exports.seed import ExportScene
from app.operations.wire import Failure
from app.platforms.seam import PlatformError
from features.errors import redacted
from features.storage.uris import HTTP, is_remote, parse

CLOUDS: Final = frozenset({".pcd", ".bin"})
"""Endings of point clouds that CVAT opens; KITTI's ``.bin`` becomes a ``.pcd`` there."""

_LONGEST: Final = 1024  # characters of a file's name
_QUALITY: Final = 70
_SEVERAL: Final = ""  # no scene is called so


class Place(StrEnum):
    """Where a task has its files from."""

    STORAGE = "storage"
    SHARE = "share"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Storage:
    """A cloud storage that CVAT is connected to.

    Parameters
    ----------
    id
        Its number there; None where a task's files come from the share or the web.
    manifest
        Key or URI of the ``manifest.jsonl`` of its files, where there is one.

    Raises
    ------
    PlatformError
        The manifest is none, or there is no storage that it could be in.
    """

    id: int | None = None
    manifest: str | None = None

    def __post_init__(self) -> None:
        """Check the manifest."""
        if self.manifest is None:
            return
        if self.id is None:
            rule = f"The manifest {self.manifest} lies in a cloud storage: give its number, too."
            raise PlatformError(rule)
        if not self.manifest.endswith(".jsonl"):
            rule = f"CVAT knows manifests by the ending .jsonl; {self.manifest!r} has another."
            raise PlatformError(rule)

    @property
    def manifest_key(self) -> str | None:
        """The manifest's key."""
        return None if self.manifest is None else _key(self.manifest)

    @property
    def bucket(self) -> str | None:
        """The bucket that the manifest names, if it does."""
        named = self.manifest is not None and is_remote(self.manifest)
        return parse(self.manifest or "").authority if named else None


@dataclass(frozen=True, slots=True)
class TaskFiles:
    """The files of a task.

    Parameters
    ----------
    place
        Where they are from.
    jobs
        Scene id to what is sent of its files and what CVAT calls each, in rank order.
    failed
        Scenes that cannot be sent, and why.
    """

    place: Place
    jobs: Mapping[str, Sequence[tuple[str, str]]]
    failed: tuple[Failure, ...]

    def request(self, storage: Storage) -> dict[str, Any]:
        """Return what CVAT is asked to make a task's jobs of."""
        sent = [file for files in self.jobs.values() for file, _ in files]
        body: dict[str, Any] = {
            "image_quality": _QUALITY,
            "use_cache": True,
            "job_file_mapping": [[name for _, name in files] for files in self.jobs.values()],
        }
        if self.place is Place.WEB:
            return {**body, "remote_files": sent}
        if storage.id is not None:
            body["cloud_storage_id"] = storage.id
        manifest = storage.manifest_key
        return {**body, "server_files": sent if manifest is None else [manifest, *sent]}


def shows_clouds(scenes: Sequence[ExportScene]) -> bool:
    """Tell whether a new project is to show point clouds: all scenes have one that CVAT opens."""
    clouds = [scene.pointcloud for scene in scenes]
    return bool(clouds) and all(
        cloud is not None and PurePosixPath(_key(cloud)).suffix.lower() in CLOUDS
        for cloud in clouds
    )


def task_files(scenes: Sequence[ExportScene], storage: Storage, *, clouds: bool) -> TaskFiles:
    """Return the files of a task whose jobs are scenes.

    Parameters
    ----------
    scenes
        In rank order.
    storage
        Where files are that have a key.
    clouds
        Whether the point clouds are shown; otherwise the images are.
    """
    names = {scene.scene_id: _shown(scene, clouds=clouds) for scene in scenes}
    place = _place([name for ones in names.values() for name in ones], storage)
    jobs: dict[str, Sequence[tuple[str, str]]] = {}
    failed: list[Failure] = []
    taken: dict[str, str] = {}
    bucket = storage.bucket
    for scene in scenes:
        try:
            files = _files(names[scene.scene_id], place, storage, clouds=clouds)
            bucket = _one_bucket(names[scene.scene_id], bucket, place)
            _require_new(files, taken, place)
        except PlatformError as error:
            failed.append(Failure(scene_id=scene.scene_id, reason=error.detail))
            continue
        taken |= {name: scene.scene_id for _, name in files}
        jobs[scene.scene_id] = files
    return TaskFiles(place, jobs, tuple(failed))


def _shown(scene: ExportScene, *, clouds: bool) -> list[str]:
    if not clouds:
        return [image.uri for image in scene.images]
    return [] if scene.pointcloud is None else [scene.pointcloud]


def _place(names: Sequence[str], storage: Storage) -> Place:
    """Return where the first file is; a task has all of its files from one place."""
    if storage.id is not None:
        return Place.STORAGE
    if names and _is_web(names[0]):
        return Place.WEB
    return Place.SHARE


def _files(
    names: Sequence[str], place: Place, storage: Storage, *, clouds: bool
) -> list[tuple[str, str]]:
    """Return what is sent of a scene's files and what CVAT calls them."""
    if not names:
        what = "point cloud" if clouds else "image"
        rule = f"The task shows {what}s, and the scene has none."
        raise PlatformError(rule)
    found = []
    for name in names:
        shown = redacted(name)
        if _is_web(name) != (place is Place.WEB):
            where = {Place.WEB: "the web", Place.SHARE: "the share", Place.STORAGE: "the storage"}
            rule = f"A task has its files from one place, here {where[place]}; {shown} is not."
            raise PlatformError(rule)
        if place is Place.SHARE and is_remote(name):
            rule = f"{shown} lies in an object store: give the number of CVAT's cloud storage."
            raise PlatformError(rule)
        key = _key(name)
        called = PurePosixPath(key).name if place is Place.WEB else key
        if clouds and PurePosixPath(called).suffix.lower() not in CLOUDS:
            rule = f"CVAT opens point clouds that end in .pcd or .bin; {shown} does not."
            raise PlatformError(rule)
        if not PurePosixPath(called).suffix:
            rule = f"CVAT tells what a file is by its ending; {shown} has none."
            raise PlatformError(rule)
        if len(key) > _LONGEST:
            rule = f"CVAT takes names of files of {_LONGEST} characters; one has {len(key)}."
            raise PlatformError(rule)
        folder = PurePosixPath(storage.manifest_key or "").parent
        if place is Place.STORAGE and not PurePosixPath(key).is_relative_to(folder):
            rule = f"{shown} does not lie with its manifest, below {folder}/."
            raise PlatformError(rule)
        found.append((name if place is Place.WEB else key, called))
    return found


def _one_bucket(names: Iterable[str], bucket: str | None, place: Place) -> str | None:
    """Return the bucket of a storage's files."""
    if place is not Place.STORAGE:
        return None
    for name in names:
        if is_remote(name):
            mine = parse(name).authority
            if bucket not in {None, mine}:
                rule = f"A cloud storage is one bucket, here {bucket}; {redacted(name)} is not."
                raise PlatformError(rule)
            bucket = mine
    return bucket


def _require_new(files: Sequence[tuple[str, str]], taken: Mapping[str, str], place: Place) -> None:
    """Raise where CVAT would take a file for another's."""
    called = [name for _, name in files]
    twice = [name for name in called if name in taken or called.count(name) > 1]
    if not twice:
        return
    where = repr(taken[twice[0]]) if twice[0] in taken else "the same scene"
    rule = f"The file {twice[0]!r} is in {where}, too; a task shows a file once."
    if place is Place.WEB:
        rule = (
            f"CVAT calls a file by the last part of its URL, and {twice[0]!r} is in {where}, too: "
            "use a cloud storage."
        )
    raise PlatformError(rule)


def _is_web(name: str) -> bool:
    return is_remote(name) and parse(name).scheme in HTTP


def _key(name: str) -> str:
    """Return a file's key in its bucket, its path on the share, or the path of its URL."""
    if not is_remote(name):
        return unquote(name).lstrip("/")  # media rules quote what follows their root
    parts = parse(name)
    return unquote(parts.path) if parts.scheme in HTTP else parts.path


class Frames:
    """Tells which scenes jobs show, by the names of their files.

    Parameters
    ----------
    scenes
        Those that the jobs may show; their files may lie under another root than CVAT's.
    """

    def __init__(self, scenes: Iterable[ExportScene]) -> None:
        self._paths = [
            (scene.scene_id, path)
            for scene in scenes
            for path in {
                path for name in _names(scene) for path in (_parts(name), _parts(_key(name)))
            }
        ]
        self._indexes: dict[int, dict[tuple[str, ...], str]] = {}

    def scenes(self, jobs: Sequence[Sequence[str]]) -> list[str | None]:
        """Return the scene of each job of a task; None where it is not known.

        A name of CVAT's is the end of a scene's path. Where CVAT's root has another name than
        ours, the same number of parts is left out of all names of a task, and then every job must
        have a scene: else files that only happen to be called alike would be taken for ours.

        Parameters
        ----------
        jobs
            The names of each job's files.
        """
        named = [[_parts(name) for name in job] for job in jobs]
        longest = max((len(parts) for job in named for parts in job), default=0)
        for cut in range(longest):
            found = [self._found(job, cut) for job in named]
            if all(found) or (cut == 0 and longest > 1 and any(found)):
                return [_only(names) for names in found]
        return [None] * len(jobs)

    def _found(self, job: Sequence[tuple[str, ...]], cut: int) -> set[str]:
        """Return the scenes that have a job's files; `_SEVERAL` for a file of several."""
        ends = [parts[cut:] for parts in job if len(parts) > cut]
        return {name for end in ends if (name := self._index(len(end)).get(end)) is not None}

    def _index(self, length: int) -> Mapping[tuple[str, ...], str]:
        if length not in self._indexes:
            index: dict[tuple[str, ...], str] = {}
            for name, path in self._paths:
                if len(path) >= length:
                    end = path[-length:]
                    index[end] = name if index.get(end, name) == name else _SEVERAL
            self._indexes[length] = index
        return self._indexes[length]


def _names(scene: ExportScene) -> list[str]:
    clouds = [] if scene.pointcloud is None else [scene.pointcloud]
    return [*(image.uri for image in scene.images), *clouds]


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of a path; CVAT's copy of a KITTI scan is called as the scan is."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.suffix.lower() == ".bin":
        path = path.with_suffix(".pcd")
    return tuple(part for part in path.parts if part != "/")


def _only(names: set[str]) -> str | None:
    known = names - {_SEVERAL}
    return known.pop() if len(known) == 1 else None
