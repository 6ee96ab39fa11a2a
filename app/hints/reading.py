"""Read a hint: images of a folder or a ZIP archive, each with its labels.

Labels are index PNGs of the images' names, or one file of COCO's annotations.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from app.labelled.coco import write_labels
from app.labelled.errors import LabelledDataError
from app.labelled.folder import LabelFolder, LabelledImage, survey
from app.labelled.label_files import LABEL_SUFFIX
from features.errors import SourceError, count
from features.files.archives import unpack
from features.images.pixels import SUFFIXES
from features.limits import MAX_HINT_IMAGES, MAX_HINT_PROPORTION
from features.sources.scenes import ScenePool

ARCHIVE: Final = ".zip"

_ANNOTATIONS: Final = ".json"
_FOLDERS: Final = ("images", "labels")
_FEWEST_CLASSES: Final = 2


@contextmanager
def open_hint(path: Path, ignore: frozenset[int] = frozenset()) -> Iterator[LabelFolder]:
    """Find a hint's images and labels, and read all labels once.

    Parameters
    ----------
    path
        A folder, or a ZIP archive of one. It has images and index PNGs of the same stems, or images
        and one ``.json`` of COCO: in ``images`` and ``labels`` below it where there are such
        folders, else side by side.
    ignore
        Values of a label that are no class.

    Yields
    ------
    LabelFolder
        All its images may be chosen (`train`). Its files are there within the context.

    Raises
    ------
    LabelledDataError
        There is no labelled image, or there are too many; a label cannot be read, has a value that
        is no class, or differs from its image in size; the labels have fewer than two classes.
    """
    with tempfile.TemporaryDirectory(prefix="seedal-hint-") as scratch:
        folder = path
        if not path.is_dir() and path.suffix.lower() == ARCHIVE:
            folder = Path(scratch, "unpacked")
            _unpack(path, folder)
        labels = Path(scratch, "labels")
        labels.mkdir()
        try:
            yield _read(folder, path.name, ignore, labels)
        except LabelledDataError as error:
            if folder is path:
                raise
            # Where an archive was unpacked to says nothing to its owner.
            place = error.place.replace(str(folder), path.name)
            rule = error.rule.replace(f"{folder}/", "")
            raise LabelledDataError(place, rule) from error


def _unpack(path: Path, folder: Path) -> None:
    """Unpack images and labels, each into the folder of its kind, whatever was packed with them."""
    places: set[Path] = set()

    def place_of(name: str) -> Path | None:
        """Return where a member goes: the last folder of its name counts, and is never left."""
        member = PurePosixPath(name.replace("\\", "/"))
        suffix = member.suffix.lower()
        hidden = any(part.startswith((".", "__MACOSX")) for part in member.parts)
        if hidden or suffix not in SUFFIXES | {LABEL_SUFFIX, _ANNOTATIONS}:
            return None
        kind = member.parent.name
        place = folder / (kind if kind in _FOLDERS else "") / member.name
        if place in places:
            raise LabelledDataError(path.name, f"has two files of the name {member.name}")
        if len(places) > 2 * MAX_HINT_IMAGES:
            rule = f"has more than {MAX_HINT_IMAGES} images and labels"
            raise LabelledDataError(path.name, rule)
        places.add(place)
        return place

    for kind in _FOLDERS:
        (folder / kind).mkdir(parents=True)
    try:
        unpack(path, MAX_HINT_PROPORTION, place_of)
    except SourceError as error:
        raise LabelledDataError(path.name, error.rule) from error
    for kind in _FOLDERS:
        if not any((folder / kind).iterdir()):
            (folder / kind).rmdir()


def _read(folder: Path, name: str, ignore: frozenset[int], scratch: Path) -> LabelFolder:
    if not folder.is_dir():
        raise LabelledDataError(str(folder), f"is neither a folder nor a ZIP archive ({ARCHIVE})")
    images, labels = (folder / kind for kind in _FOLDERS)
    if not (images.is_dir() and labels.is_dir()):
        images = labels = folder
    names: tuple[str, ...] = ()
    entries = _entries(images, labels)
    if not entries and (annotations := _annotations({folder, images, labels})):
        found = {path.name: path for path in images.iterdir() if path.suffix.lower() in SUFFIXES}
        names = write_labels(annotations, found, scratch)
        entries = _entries(images, scratch)
    if not entries:
        rule = "has no image with a label PNG of the same name, and no annotations of COCO (.json)"
        raise LabelledDataError(str(folder), rule)
    if len(entries) > MAX_HINT_IMAGES:
        rule = f"has {len(entries):,} labelled images; a hint has {MAX_HINT_IMAGES} at most"
        raise LabelledDataError(str(folder), rule)
    pixels = survey({stem: entry.label for stem, entry in entries.items()}, ignore, None)
    shown = np.flatnonzero(np.sum(list(pixels.values()), axis=0))
    if len(shown) < _FEWEST_CLASSES:
        only = f"a single class ({shown[0]})" if len(shown) else "no class"
        rule = f"its labels show {only}, so there is nothing to tell apart; is a value not ignored?"
        raise LabelledDataError(str(folder), rule)
    hint = LabelFolder(
        name=name,
        train=tuple(entries),
        test=(),
        classes=len(next(iter(pixels.values()))),
        ignore=ignore,
        images=entries,
        pixels=pixels,
    )
    for stem in hint.train:
        hint.counts(stem, 1, 1)  # compares the sizes
    return replace(hint, names=names[: hint.classes])


def _annotations(folders: Collection[Path]) -> Path | None:
    found = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    found = [path for path in found if path.suffix.lower() == _ANNOTATIONS]
    if len(found) > 1:
        rule = f"has {count([path.name for path in found], 'file')} of annotations; a hint has one"
        raise LabelledDataError(str(found[0].parent), rule)
    return found[0] if found else None


def _entries(images: Path, labels: Path) -> Mapping[str, LabelledImage]:
    label_of = {p.stem: p for p in sorted(labels.iterdir()) if p.suffix.lower() == LABEL_SUFFIX}
    return {
        path.stem: LabelledImage(path.stem, path, label_of[path.stem])
        for path in sorted(images.iterdir())
        if path.suffix.lower() in SUFFIXES and path.stem in label_of and path != label_of[path.stem]
    }


def require_outside(hint: LabelFolder, pool: ScenePool, labelled: Collection[str]) -> None:
    """Refuse a hint with images of scenes that can be chosen.

    Parameters
    ----------
    hint
        What was read.
    pool
        What is asked about.
    labelled
        Ids of scenes that are labelled already: their images may be in a hint. That is a second
        round.

    Raises
    ------
    LabelledDataError
        An image is in a scene that is not labelled.
    """
    free = [scene for scene in pool.scenes if scene.scene_id not in labelled]
    own = {image.uri for scene in free for image in scene.images}
    for stem in hint.train:
        path = hint.image(stem).resolve()
        if str(path) in own or path.as_uri() in own:
            rule = "is an image of the pool; say which scenes are labelled by --labelled"
            raise LabelledDataError(str(path), rule)
