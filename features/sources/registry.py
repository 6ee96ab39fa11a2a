"""The kinds of sources, the kind of a path, and what is wrong with a source, row by row.

A file that describes a whole pool and lies elsewhere is read from a copy and named by its URI.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Final

from features.errors import SourceError, StorageError, redacted
from features.files.paths import list_folder
from features.sources.coco import is_coco, open_coco
from features.sources.images import has_images, open_images
from features.sources.kitti_360 import has_windows, open_kitti_360
from features.sources.manifest import ARRAY, SUFFIXES, form_of, is_array, open_manifest
from features.sources.nuscenes import has_tables, open_nuscenes
from features.sources.options import SourceOptions
from features.sources.s3dis import has_areas, open_s3dis
from features.sources.scannet import has_scans, open_scannet
from features.sources.scenes import ScenePool
from features.sources.semantic_kitti import has_sequences, open_semantic_kitti
from features.storage.reading import local_copy
from features.storage.uris import folder_of, is_remote, parse, to_path

Opener = Callable[[Path, SourceOptions, Path | str], ScenePool]
"""Opens a file; relative paths in it start from the folder or prefix that comes last."""


def open_remote(opener: Opener, uri: str, options: SourceOptions) -> ScenePool:
    """Open a file that lies elsewhere.

    Raises
    ------
    SourceError
        It cannot be had, or `opener` refuses it; either way the file is named by its URI.
    """
    try:
        with local_copy(uri) as copy:
            return open_named(opener, copy, redacted(uri), options, folder_of(uri))
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error


def open_named(
    opener: Opener, path: Path, name: str, options: SourceOptions, base: Path | str
) -> ScenePool:
    """Open a file that its user knows by another name than its path.

    Raises
    ------
    SourceError
        `opener` refuses it; the file is called by its name, as in notes.
    """

    def named(error: SourceError) -> SourceError:
        place, rule = (text.replace(str(path), name) for text in (error.place, error.rule))
        return SourceError(place, rule)

    def refuse(error: SourceError, scene_id: str | None) -> None:
        options.refuse(named(error), scene_id)

    try:
        pool = opener(path, replace(options, refuse=refuse), base)
    except SourceError as error:
        raise named(error) from error
    short = name.rpartition("/")[2]
    return replace(pool, notes=tuple(note.replace(path.name, short) for note in pool.notes))


_OPENERS: Final[Mapping[str, Callable[[Path, SourceOptions], ScenePool]]] = {
    "manifest": open_manifest,
    "images": open_images,
    "coco": open_coco,
    "semantic_kitti": open_semantic_kitti,
    "s3dis": open_s3dis,
    "nuscenes": open_nuscenes,
    "scannet": open_scannet,
    "kitti_360": open_kitti_360,
}
# Kinds that are one file, which may lie anywhere.
_REMOTE: Final[Mapping[str, Opener]] = {"manifest": open_manifest}
_SIGNS: Final[Mapping[str, Callable[[Path], bool]]] = {
    "semantic_kitti": has_sequences,
    "s3dis": has_areas,
    "nuscenes": has_tables,
    "scannet": has_scans,
    "kitti_360": has_windows,
    "images": has_images,
}
_OPTIONS: Final[Mapping[str, frozenset[str]]] = {
    "manifest": frozenset({"column"}),
    "coco": frozenset({"images_root", "scene_from"}),
    "semantic_kitti": frozenset({"images_root", "split"}),
    "s3dis": frozenset({"images_root", "split"}),
    "nuscenes": frozenset({"unit"}),
    "scannet": frozenset({"images_root"}),
    "kitti_360": frozenset({"images_root", "split"}),
}
_COMMON_OPTIONS: Final = frozenset({"resource", "refuse", "go_on"})
_DEFAULTS: Final = SourceOptions()
_ENDINGS: Final = f"{', '.join(SUFFIXES[:-1])} (each also with .gz) or {SUFFIXES[-1]}"

KINDS: Final[tuple[str, ...]] = tuple(_OPENERS)
"""The kinds that :func:`open_source` knows."""


def open_source(
    kind: str | None, root: str | Path, options: SourceOptions = _DEFAULTS
) -> ScenePool:
    """Read a source of scenes as a whole, or not at all.

    Parameters
    ----------
    kind
        One of ``KINDS``, or ``None`` to tell it from the files.
    root
        The source's folder, a local path or a ``file://`` URI; or the manifest's file, by any URI.
    options
        What the files do not tell.

    Returns
    -------
    ScenePool
        The scenes in the source's order, with absolute paths.

    Raises
    ------
    SourceError
        The source breaks a rule, the kind is unknown, or an option is for other kinds.
    """
    kind = detect(root) if kind is None else kind
    if kind not in _OPENERS:
        rule = f"{kind!r} is no kind of source; known: {', '.join(KINDS)}"
        raise SourceError(redacted(str(root)), rule)
    unfit = unfit_option(kind, options)
    if unfit is not None:
        rule = f"a source of kind {kind} has no option {unfit}"
        raise SourceError(redacted(str(root)), rule)
    if is_remote(str(root)) and kind in _REMOTE:
        return open_remote(_REMOTE[kind], str(root), options)
    path = _absolute(root)
    if options.images_root is not None:
        options = replace(options, images_root=_absolute(options.images_root))
    with _os_errors_named(path):
        path.stat()  # a root that is missing says so here
        return _OPENERS[kind](path, options)


def open_upload(path: Path, name: str, options: SourceOptions = _DEFAULTS) -> ScenePool:
    """Read a manifest that came without its folder: images in it have absolute paths or URIs.

    Raises
    ------
    SourceError
        As :func:`open_source`; the file is called by its name.
    """

    def opener(path: Path, options: SourceOptions, base: Path | str) -> ScenePool:
        with _os_errors_named(path):
            return open_manifest(path, options, base)

    return open_named(opener, path, name, options, Path("/"))


def unfit_option(kind: str, options: SourceOptions) -> str | None:
    """Return the name of the first option that was given and that sources of a kind do not have."""
    known = _OPTIONS.get(kind, frozenset()) | _COMMON_OPTIONS
    for option in fields(options):
        if getattr(options, option.name) != option.default and option.name not in known:
            return option.name
    return None


def detect(root: str | Path) -> str:
    """Tell a source's kind from its files.

    Raises
    ------
    SourceError
        ``root`` is missing, or looks like no kind that is known.
    """
    if is_remote(str(root)):
        return _detect_remote(str(root))
    path = _absolute(root)
    with _os_errors_named(path):
        if path.is_file():
            if form_of(path.name) in SUFFIXES:
                return "manifest"
            if form_of(path.name) == ARRAY:
                if is_coco(path):
                    return "coco"
                if is_array(path):
                    return "manifest"
            rule = (
                f"is a file, but neither a manifest (its name must end in {_ENDINGS}, or it is a "
                ".json file of an array of scenes) nor COCO (a .json file with images that have a "
                "file_name)"
            )
            raise SourceError(str(root), rule)
        list_folder(path)  # a folder that is missing or closed says so here
        for kind, fits in _SIGNS.items():
            if fits(path):
                return kind
    raise SourceError(
        str(root),
        "is no known source: there is neither sequences/NN (semantic_kitti) nor Area_N/coords "
        "(s3dis) nor v1.0-VERSION/scene.json (nuscenes) nor sceneNNNN_NN (scannet) nor "
        "data_3d_semantics/train (kitti_360) nor a folder of images for each scene (images; by "
        "that name also images without folders)",
    )


def _detect_remote(root: str) -> str:
    try:
        name = parse(root).path
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error
    if form_of(name) in SUFFIXES:
        return "manifest"
    rule = (
        f"is no manifest by its name, which must end in {_ENDINGS}; other kinds lie on this machine"
    )
    raise SourceError(redacted(root), rule)


def _absolute(root: str | Path) -> Path:
    try:
        return to_path(str(root)).absolute()
    except StorageError as error:
        raise SourceError(error.uri, error.reason) from error


@contextmanager
def _os_errors_named(root: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error that names the file."""
    try:
        yield
    except OSError as error:
        place = str(error.filename or root)
        match error:
            case FileNotFoundError():
                rule = "does not exist"
            case NotADirectoryError():
                rule = "is a file where a folder is needed"
            case IsADirectoryError():
                rule = "is a folder where a file is needed"
            case _:
                rule = f"cannot be read ({error.strerror})"
        raise SourceError(place, rule) from error


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row that breaks a rule.

    Parameters
    ----------
    error
        Where, and which.
    scene_id
        Of the row, where it has one.
    """

    error: SourceError
    scene_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """How many mistakes are collected.

    Parameters
    ----------
    most
        How many are kept; all are counted.
    rows, seconds
        After so many rows, or so long, the rest is not read.
    """

    most: int
    rows: int
    seconds: float


class Mistakes:
    """Collects mistakes instead of stopping at the first; a source's options carry its methods.

    Parameters
    ----------
    most, rows, seconds
        See :class:`Collected`.

    Attributes
    ----------
    limits
        The parameters.
    found
        The first mistakes.
    count
        Of all.
    complete
        Whether the source was read to its end.
    """

    def __init__(self, most: int, *, rows: int, seconds: float) -> None:
        self.limits = Collected(most=most, rows=rows, seconds=seconds)
        self.found: list[Mistake] = []
        self.count = 0
        self.complete = True
        self._most = most
        self._rows = rows
        self._end = time.monotonic() + seconds

    def refuse(self, error: SourceError, scene_id: str | None = None) -> None:
        """Note a mistake.

        Raises
        ------
        SourceError
            The row was the last one to be read: this very mistake.
        """
        self.note(error, scene_id)
        if not self.go_on():
            raise error

    def note(self, error: SourceError, scene_id: str | None = None) -> None:
        """Note a mistake that ends nothing."""
        self.count += 1
        if len(self.found) < self._most:
            self.found.append(Mistake(error, scene_id))

    def go_on(self) -> bool:
        """Tell whether another row is to be read."""
        self._rows -= 1
        if self._rows < 0 or time.monotonic() > self._end:
            self.complete = False
        return self.complete
