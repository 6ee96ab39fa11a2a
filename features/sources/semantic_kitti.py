"""SemanticKITTI on KITTI odometry: a scene is one scan, seen by the left colour camera.

Layout: ``sequences/NN/{velodyne/NNNNNN.bin, image_2/NNNNNN.png}``, see
http://semantic-kitti.org/dataset.html.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.listing import list_folder
from features.sources.labelling import POINTS
from features.sources.options import SourceOptions, Split
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool
from features.sources.semantic_kitti_costs import KittiScan, survey
from features.wording import count, plural

CAMERA: Final = "image_2"
_VALIDATION: Final = "08"
_LABELLED: Final = tuple(f"{number:02}" for number in range(11))
_SEQUENCE: Final = re.compile(r"[0-9]{2}")
_FRAME: Final = re.compile(r"[0-9]{6}")
_IMAGE_SUFFIXES: Final = (".jpeg", ".jpg", ".png")  # where a frame has several, the last is taken
# KITTI's archives start with dataset/, and people unpack them into a folder of that name.
_PLACES: Final = ("sequences", "dataset/sequences", "dataset/dataset/sequences")


def open_semantic_kitti(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each scan of the labelled sequences.

    The id is ``"05/001429"``, the group ``"05"``; a scan without an image has ``images=()``. Costs
    are points, see :func:`features.sources.semantic_kitti_costs.survey`.

    Raises
    ------
    SourceError
        There is no folder of sequences, no scan, or a file that costs come from is unusable.
    """
    sequences = sequences_folder(root)
    image_sequences = (
        sequences if options.images_root is None else sequences_folder(options.images_root)
    )
    names, notes = _choose(sequences, options.split)
    scans = [scan for name in names for scan in _scans(sequences / name)]
    if not scans:
        raise SourceError(str(sequences), "has no scans (NN/velodyne/NNNNNN.bin) to choose from")
    images = {name: _images(image_sequences / name) for name in names}
    costs = survey(scans, [root, sequences.parent])
    without_scan = {(name, frame) for name, frames in images.items() for frame in frames}
    without_scan -= {(scan.sequence, scan.frame) for scan in scans}
    if without_scan:
        notes.append(f"{plural(len(without_scan), 'image')} without a scan left out")
    return build_pool(
        "semantic_kitti",
        str(root),
        (
            (
                str(scan.path),
                PoolScene(
                    scene_id=scan.scene_id,
                    costs={POINTS: float(cost.points)},
                    images=_image_of(scan, images[scan.sequence]),
                    group=scan.sequence,
                    regions=cost.regions,
                    pointcloud=str(scan.path),
                ),
            )
            for scan, cost in zip(scans, costs.labellings, strict=True)
        ),
        resource=options.resource,
        cost_origin=costs.origin,
        notes=[*notes, *costs.notes],
    )


def has_sequences(root: Path) -> bool:
    """Tell whether ``root`` holds a folder of sequences with two-digit names."""
    return any(map(_holds_sequences, _candidates(root)))


def sequences_folder(root: Path) -> Path:
    """Return the folder of sequences under ``root``, or ``root`` where it is that folder itself.

    Raises
    ------
    SourceError
        There is none, or more than one has sequences.
    """
    folders = _candidates(root)
    match [folder for folder in folders if _holds_sequences(folder)] or folders[:1]:
        case [folder]:
            return folder
        case []:
            raise SourceError(str(root), "has no folder sequences or dataset/sequences")
        case found:
            names = " and ".join(folder.relative_to(root).as_posix() for folder in found)
            rule = f"has {names}; name the one with scans as the root, that with images apart"
            raise SourceError(str(root), rule)


def _candidates(root: Path) -> list[Path]:
    """Return the folders that may hold sequences, each once, however often links name it."""
    places = [root / place for place in _PLACES]
    if root.name == "sequences":
        places.append(root)
    found: dict[Path, Path] = {}
    for place in places:
        if place.is_dir():
            found.setdefault(place.resolve(), place)
    return list(found.values())


def _holds_sequences(folder: Path) -> bool:
    return any(map(_is_sequence, list_folder(folder).folders))


def _is_sequence(folder: Path) -> bool:
    return _SEQUENCE.fullmatch(folder.name) is not None


def _choose(sequences: Path, split: Split) -> tuple[list[str], list[str]]:
    """Return the sequences to read and the notes on those left out and in."""
    present = [folder.name for folder in list_folder(sequences).folders if _is_sequence(folder)]
    chosen = [
        name
        for name in present
        if name in _LABELLED and not (split == "train" and name == _VALIDATION)
    ]
    notes = []
    unlabelled = [name for name in present if name not in _LABELLED]
    if unlabelled and split == "all":
        notes.append(f"{count(unlabelled, 'sequence')} without labels left out")
    if _VALIDATION in chosen:
        notes.append(
            f"the validation sequence {_VALIDATION} is included; --split train leaves it out"
        )
    return chosen, notes


def _scans(sequence: Path) -> Iterator[KittiScan]:
    velodyne = sequence / "velodyne"
    if velodyne.is_dir():
        for path in list_folder(velodyne).files:
            if path.suffix == ".bin" and _FRAME.fullmatch(path.stem):
                yield KittiScan(sequence.name, path.stem, path)


def _images(sequence: Path) -> dict[str, Path]:
    """Return a sequence's images by frame."""
    folder = sequence / CAMERA
    if not folder.is_dir():
        return {}
    files = list_folder(folder).files
    return {
        path.stem: path
        for suffix in _IMAGE_SUFFIXES
        for path in files
        if path.suffix.lower() == suffix and _FRAME.fullmatch(path.stem)
    }


def _image_of(scan: KittiScan, images: Mapping[str, Path]) -> tuple[Image, ...]:
    if scan.frame not in images:
        return ()
    return (Image(str(images[scan.frame]), sensor=CAMERA, frame=int(scan.frame)),)
